import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readObject } from '../../objects/read-object.ts'
import { createCatalog, type AnyRoute } from '../catalog.ts'
import { resolveBackend, type BadRef } from './resolve-backend.ts'

const services: readonly object[] = [
  { metadata: { name: 'api', namespace: 'shop' }, spec: { clusterIP: '10.0.0.1', ports: [{ port: 80 }] } },
  { metadata: { name: 'api', namespace: 'far' }, spec: { clusterIP: '10.0.0.2', ports: [{ port: 8080 }] } },
  { metadata: { name: 'headless', namespace: 'shop' }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } },
  { metadata: { name: 'by-hand', namespace: 'shop' }, spec: { ports: [{ port: 80 }] } },
  { metadata: { name: 'alias', namespace: 'shop' }, spec: { type: 'ExternalName', ports: [{ port: 80 }] } },
  { metadata: { name: 'dns', namespace: 'shop' }, spec: { ports: [{ port: 53, protocol: 'UDP' }] } },
]

const speaking = (appProtocol: string): object => ({
  metadata: { name: 'api', namespace: 'shop' },
  spec: { clusterIP: '10.0.0.1', ports: [{ port: 80, appProtocol }] },
})

const ofRoute = { name: 'r', namespace: 'shop', labels: {}, annotations: {}, owners: [] }

interface Ref {
  readonly group?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
  readonly port?: number
}

/** Where the reference leads, and what the scope was told. */
const resolve = (
  ref: Ref,
  objects: readonly object[],
  { kind = 'HTTPRoute', hasTls = false }: { readonly kind?: AnyRoute['kind']; readonly hasTls?: boolean } = {},
) => {
  const bad: BadRef[] = []
  const wanted: string[] = []
  const catalog = createCatalog(
    objects.map((object) => ({
      read: readObject({ apiVersion: 'v1', kind: 'Service', ...object }),
      locate: () => undefined,
    })),
  )
  const full = { group: '', kind: 'Service', name: 'api', port: 80, path: 'p', ...ref }
  const resolved = resolveBackend(
    full,
    { kind, metadata: ofRoute },
    {
      services: catalog.services,
      hosts: new Map(),
      clusterDomain: 'cluster.local',
      onBackend: ({ metadata }, { port }) => void wanted.push(`${metadata.namespace}/${metadata.name}:${port}`),
      onBadRef: (one) => void bad.push(one),
      speaksTls: () => hasTls,
    },
  )
  return { resolved, bad, wanted }
}

describe('a reference to a backend', () => {
  const good: readonly (readonly [name: string, ref: Ref, endpoints: string])[] = [
    ['means the namespace of its route', {}, 'shop/api:80'],
    ['may name another, without a grant', { namespace: 'far', port: 8080 }, 'far/api:8080'],
    ['may call the core group by its name', { group: 'core' }, 'shop/api:80'],
    ['may lead to a headless Service', { name: 'headless' }, 'shop/headless:80'],
    ['may lead to a Service without selector and address', { name: 'by-hand' }, 'shop/by-hand:80'],
  ]
  for (const [name, ref, endpoints] of good) {
    it(name, () => {
      const { resolved, bad, wanted } = resolve(ref, services)
      assert.ok('endpoints' in resolved)
      assert.equal(resolved.endpoints, endpoints)
      assert.deepEqual([bad, wanted], [[], [endpoints]])
    })
  }

  const bad: readonly (readonly [name: string, ref: Ref, reason: string, message: string])[] = [
    [
      'a kind that is none',
      { kind: 'Bucket', group: 'example.com' },
      'InvalidKind',
      'Bucket shop/api:80: a backend of kind example.com/Bucket is not supported',
    ],
    [
      'a Service of another group',
      { group: 'example.com' },
      'InvalidKind',
      'Service shop/api:80: a backend of kind example.com/Service is not supported',
    ],
    [
      'nothing',
      { name: 'nobody' },
      'BackendNotFound',
      'Service shop/nobody:80: there is no readable Service shop/nobody',
    ],
    ['no port', { port: 81 }, 'BackendNotFound', 'Service shop/api:81: Service shop/api has no such port'],
    [
      'a name elsewhere',
      { name: 'alias' },
      'InvalidKind',
      'Service shop/alias:80: an ExternalName Service cannot be a backend',
    ],
    [
      'UDP',
      { name: 'dns', port: 53 },
      'UnsupportedProtocol',
      'Service shop/dns:53: the port is UDP, and only TCP is carried',
    ],
  ]
  for (const [name, ref, reason, message] of bad) {
    it(`to ${name} is bad, and nothing is sent there`, () => {
      const outcome = resolve(ref, services)
      assert.ok('bad' in outcome.resolved)
      assert.deepEqual(outcome.bad, [{ reason, message, path: 'p' }])
      assert.deepEqual(outcome.wanted, [])
    })
  }
})

describe('what a port says it speaks', () => {
  const cases: readonly (readonly [appProtocol: string, http: boolean, withTls: boolean])[] = [
    ['http', true, true],
    ['kubernetes.io/ws', true, true],
    ['example.com/unheard-of', true, true],
    ['grpc-web', true, true],
    ['kubernetes.io/wss', false, true],
    ['https', false, true],
    ['tls', false, true],
    ['tcp', false, false],
    ['redis', false, false],
    ['kubernetes.io/h2c', true, true],
    ['grpc', true, true],
  ]
  for (const [appProtocol, http, withTls] of cases) {
    it(appProtocol, () => {
      const outcome = (more: Parameters<typeof resolve>[2]) => {
        const { resolved, bad } = resolve({}, [speaking(appProtocol)], more)
        assert.deepEqual(
          bad.map(({ reason }) => reason),
          'bad' in resolved ? ['UnsupportedProtocol'] : [],
        )
        return 'endpoints' in resolved
      }
      assert.equal(outcome({}), http, 'for an HTTPRoute')
      assert.equal(outcome({ kind: 'GRPCRoute' }), http, 'for a GRPCRoute')
      assert.ok(outcome({ kind: 'TCPRoute' }), 'for a TCPRoute')
      assert.ok(outcome({ kind: 'TLSRoute' }), 'for a TLSRoute')
      assert.equal(outcome({ hasTls: true }), withTls, 'for an HTTPRoute with a BackendTLSPolicy')
    })
  }

  it('is not read from the name of the port', () => {
    const ports = [{ name: 'tcp-db', port: 80 }]
    const { resolved } = resolve({}, [{ metadata: { name: 'api', namespace: 'shop' }, spec: { ports } }])
    assert.ok('endpoints' in resolved)
  })
})
