import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parse } from 'yaml'
import { readObject } from '../../objects/read-object.ts'
import { callGrantsOf } from './call-grants.ts'

const grant = (namespace: string, spec: string) => {
  const meta = `apiVersion: gateway.networking.k8s.io/v1, kind: ReferenceGrant, metadata: { name: g, namespace: ${namespace} }`
  const read = readObject(parse(`{ ${meta}, spec: ${spec} }`))
  assert.ok(read.state === 'typed' && read.object.kind === 'ReferenceGrant', JSON.stringify(read))
  return read.object
}
const from = (namespace: string, kind = 'Filter', group = 'fairway.dev') =>
  `{ group: ${group}, kind: ${kind}, namespace: ${namespace} }`

it('filters may call what a ReferenceGrant lets them refer to, sorted and each once', () => {
  const { callGrants } = callGrantsOf([
    grant(
      'infra',
      `{ from: [${from('shop')}, ${from('bank', 'App')}], to: [{ group: '', kind: Service, name: auth }] }`,
    ),
    grant('infra', `{ from: [${from('shop')}], to: [{ group: '', kind: Service, name: auth }] }`),
    grant('edge', `{ from: [${from('shop')}], to: [{ group: networking.istio.io, kind: ServiceEntry }] }`),
  ])
  assert.deepEqual(callGrants, [
    { from: 'bank', to: 'infra', service: 'auth' },
    { from: 'shop', to: 'edge' },
    { from: 'shop', to: 'infra', service: 'auth' },
  ])
})

for (const [what, spec] of [
  [
    'of routes',
    `{ from: [${from('shop', 'HTTPRoute', 'gateway.networking.k8s.io')}], to: [{ group: '', kind: Service }] }`,
  ],
  [
    'of a Filter of somebody else',
    `{ from: [${from('shop', 'Filter', 'example.com')}], to: [{ group: '', kind: Service }] }`,
  ],
  ['to Secrets', `{ from: [${from('shop')}], to: [{ group: '', kind: Secret }] }`],
  ['to a kind Service of somebody else', `{ from: [${from('shop')}], to: [{ group: example.com, kind: Service }] }`],
  [
    'to one ServiceEntry',
    `{ from: [${from('shop')}], to: [{ group: networking.istio.io, kind: ServiceEntry, name: x }] }`,
  ],
] as const) {
  it(`a grant ${what} lets them call nobody`, () => assert.deepEqual(callGrantsOf([grant('infra', spec)]), {}))
}
