import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf, modelOf, serviceOf } from '../../../test/support/models.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'
import { compile } from '../../snapshot/compile.ts'
import { findService } from './find-service.ts'

const callGrants = [
  { from: 'front', to: 'shop' },
  { from: 'front', to: 'bank', service: 'auth' },
  { from: 'back', to: 'shop', service: 'outside' },
]

const model = modelOf([], {
  clusterDomain: 'cluster.local',
  callGrants,
  services: [
    serviceOf(),
    serviceOf({}, { name: 'outside', hostname: 'api.partner.example', addresses: ['240.0.0.1'] }),
  ],
  endpoints: [
    endpointsOf('api', ['10.1.0.1']),
    endpointsOf('auth', ['10.1.0.2']),
    endpointsOf('outside', ['192.0.2.1']),
    { key: formatEndpointKey('bank', 'auth', 8080), endpoints: [] },
  ],
})
const filters = () => ({ failure: 'no filters here' })
const snapshot = compile(model, { previous: undefined, generation: 1, filters })
const bare = compile({ ...model, clusterDomain: undefined } as never, { previous: undefined, generation: 1, filters })

function refusalOf(service: string, from: string): string {
  const how = `a ReferenceGrant in namespace ${service.split('/')[0]} has to let kind Filter (fairway.dev) of ${from} refer to it`
  return `${service} is not in namespace ${from} of the filter: ${how}`
}

const CASES: readonly (readonly [host: string, port: number, namespace: string | undefined, found: string])[] = [
  ['auth', 80, 'shop', 'shop/auth:80'],
  ['auth', 8080, 'bank', 'bank/auth:8080'],
  ['auth.shop', 80, 'front', 'shop/auth:80'],
  ['auth.shop', 80, undefined, 'shop/auth:80'],
  ['auth.shop.', 80, undefined, 'shop/auth:80'],
  ['auth.shop.svc', 80, 'front', 'shop/auth:80'],
  ['auth.shop.svc.cluster.local', 80, 'front', 'shop/auth:80'],
  ['auth.bank', 8080, 'front', 'bank/auth:8080'],
  ['auth.bank', 8080, undefined, 'bank/auth:8080'],
  // Whatever it is called by, it is in another namespace.
  ['auth.shop', 80, 'bank', refusalOf('shop/auth', 'bank')],
  ['auth.shop.svc.cluster.local', 80, 'back', refusalOf('shop/auth', 'back')],
  ['10.96.0.12', 80, 'bank', refusalOf('shop/api', 'bank')],
  ['api.partner.example', 80, 'bank', refusalOf('shop/outside', 'bank')],
  ['api.partner.example', 80, 'back', 'shop/outside:80'],
  ['auth.bank', 8080, 'shop', refusalOf('bank/auth', 'shop')],
  // What this waypoint takes tunnels for, by whatever host and address it has.
  ['api.partner.example', 80, 'shop', 'shop/outside:80'],
  ['10.96.0.12', 80, undefined, 'shop/api:80'],
  ['[fd00::12]', 80, undefined, 'shop/api:80'],
  ['auth', 80, undefined, 'no Service of that name in the configuration: auth:80'],
  ['auth', 80, 'bank', 'Service bank/auth has no port 80: it has 8080'],
  [
    'auth.shop.svc.other.domain',
    80,
    'shop',
    'no Service of that name in the configuration: auth.shop.svc.other.domain:80',
  ],
  ['auth.shop.pod', 80, 'shop', 'no Service of that name in the configuration: auth.shop.pod:80'],
  ['nobody', 80, 'shop', 'no Service of that name in the configuration: shop/nobody (nobody:80)'],
  ['10.1.0.2', 8080, 'shop', 'no Service of that name in the configuration: 10.1.0.2:8080'],
  ['__proto__', 80, 'shop', 'no Service of that name in the configuration: __proto__:80'],
]

for (const [hostname, port, namespace, expected] of CASES) {
  test(`${hostname}:${port} for a filter in ${namespace ?? 'no namespace'} is ${expected}`, () => {
    const callee = findService(snapshot, { hostname, port }, namespace)
    assert.equal(callee.kind === 'service' ? callee.group.key : callee.message, expected)
  })
}

test('a full name means nobody where no domain of the cluster is known', () => {
  const to = { hostname: 'auth.shop.svc.cluster.local', port: 80 }
  assert.equal(findService(bare, to, 'shop').kind, 'unknown')
})
