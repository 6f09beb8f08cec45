import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdersOf, sharePorts, type Attachments, type Claim, type RouteKind } from './port-routes.ts'

const service = { namespace: 'shop', name: 'api' }

interface NamedClaim extends Claim {
  readonly route: string
}

const claim = (kind: RouteKind, name: string, more: Partial<Claim> = {}): NamedClaim => {
  const namespace = more.namespace ?? 'shop'
  const { port = 80 } = more
  const key = `${service.namespace}/${service.name}:${port}`
  return { kind, namespace, route: `${kind}/${namespace}/${name}`, service, port, key, ...more }
}

const share = (claims: readonly NamedClaim[]): Attachments =>
  sharePorts(claims.map((each) => ({ key: each.route, parents: [{ claims: [each] }] })))

const producers = (claims: readonly NamedClaim[]): readonly string[] => [
  ...(share(claims).get('shop/api:80')?.producers?.routes ?? []),
]

const cases: readonly (readonly [name: string, claims: readonly NamedClaim[], wanted: readonly string[]])[] = [
  [
    'one kind shares a port',
    [claim('HTTPRoute', 'a'), claim('HTTPRoute', 'b')],
    ['HTTPRoute/shop/a', 'HTTPRoute/shop/b'],
  ],
  ['GRPCRoute before HTTPRoute', [claim('HTTPRoute', 'a'), claim('GRPCRoute', 'b')], ['GRPCRoute/shop/b']],
  ['HTTPRoute before TLSRoute', [claim('TLSRoute', 'a'), claim('HTTPRoute', 'b')], ['HTTPRoute/shop/b']],
  ['TLSRoute before TCPRoute', [claim('TCPRoute', 'a'), claim('TLSRoute', 'b')], ['TLSRoute/shop/b']],
  [
    'all at once',
    [claim('TLSRoute', 'a'), claim('TCPRoute', 'b'), claim('GRPCRoute', 'c'), claim('HTTPRoute', 'd')],
    ['GRPCRoute/shop/c'],
  ],
]
for (const [name, claims, wanted] of cases) {
  test(`${name}, in whatever order they come`, () => {
    assert.deepEqual(producers(claims), wanted)
    assert.deepEqual(producers(claims.toReversed()).toSorted(), wanted)
  })
}

test('ports, producers and each namespace’s consumers are settled apart', () => {
  const elsewhere = claim('GRPCRoute', 'a', { port: 81 })
  const consumer = claim('GRPCRoute', 'a', { namespace: 'near' })
  const outdone = claim('HTTPRoute', 'b', { namespace: 'near' })
  const other = claim('HTTPRoute', 'b', { namespace: 'far' })
  const producer = claim('HTTPRoute', 'c')
  const ports = share([elsewhere, consumer, outdone, other, producer])
  const holders = [elsewhere, consumer, outdone, other, producer].map((each) => [
    ...(holdersOf(ports, each)?.routes ?? []),
  ])
  assert.deepEqual(holders, [
    ['GRPCRoute/shop/a'],
    ['GRPCRoute/near/a'],
    ['GRPCRoute/near/a'],
    ['HTTPRoute/far/b'],
    ['HTTPRoute/shop/c'],
  ])
})
