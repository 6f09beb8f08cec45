import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadText } from '../../../../test/support/load-text.ts'
import { createTranslator } from '../translate.ts'
import type { FilterVersion } from './filter-version.ts'
import { mayCall } from './may-call.ts'

const versionOf = (...texts: readonly string[]): FilterVersion => {
  const files = Object.fromEntries(texts.map((text, index) => [`${index}.ts`, text]))
  const module = { digest: 'd', root: '/f', entry: '0.ts', files, kind: 'A', stage: 'shape' as const }
  const user = {
    id: 'shop/a',
    module: 'd',
    version: 'd',
    failureMode: 'closed' as const,
    hookMs: 10,
    waitMs: 1000,
    isolation: 'none' as const,
  }
  return { inForce: { module, config: {}, user } }
}

const CASES: readonly (readonly [what: string, version: FilterVersion, may: boolean])[] = [
  ['code that calls', versionOf('', 'await env.fetch(url)'), true],
  ['code that takes undici’s way', versionOf('const { dispatcher } = env'), true],
  ['code that hands on what it has to a package', versionOf("const a = require('their-client'); a.use(env)"), true],
  ['code that only looks', versionOf("const a = require('./a.ts'); const c = require('node:crypto')"), false],
  ['code that uses the contract', versionOf("const f = require('fairway/filter')"), false],
  ['words that only sound alike', versionOf('prefetched(dispatchers)'), false],
  ['a version that is not in force', { refused: { message: 'env.fetch', path: 'spec' } }, false],
]

for (const [what, version, may] of CASES) {
  test(`${what} ${may ? 'may call' : 'calls nobody'}`, () => {
    assert.equal(mayCall(new Map([['shop/a', version]])), may)
  })
}

const { objects } = loadText(
  'f.yaml',
  `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: waypoint, namespace: shop }
spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] }
---
apiVersion: v1
kind: Service
metadata: { name: auth, namespace: identity }
spec: { clusterIP: 10.0.0.9, ports: [{ name: http, port: 8080 }, { name: dns, port: 53, protocol: UDP }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: auth-1, namespace: identity, labels: { kubernetes.io/service-name: auth } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: [10.1.0.9] }]
`,
)

for (const [text, keys, clusterDomain] of [
  ['env.fetch(url)', ['identity/auth:8080'], 'example.org'],
  ['', [], undefined],
] as const) {
  test(`a model for filters with ${text || 'no calls'} has ${keys.length} Services that nobody routes to`, () => {
    const options = {
      clusterDomain: 'example.org',
      trustDomain: 'td',
      rootNamespace: 'r',
      pathNormalization: 'BASE',
    } as const
    const versions = new Map([['shop/a', versionOf(text)]])
    const { model } = createTranslator(options)(objects, undefined, versions)
    assert.deepEqual(
      model.endpoints.map(({ key, endpoints }) => [key, endpoints[0]?.address]),
      keys.map((key) => [key, '10.1.0.9']),
    )
    assert.equal(model.clusterDomain, clusterDomain)
  })
}
