import assert from 'node:assert/strict'
import test from 'node:test'
import { matchOf, routeOf } from '../../test/support/models.ts'
import type { Match, PathMatch } from './match.ts'
import { comparePrecedence, formatRank } from './precedence.ts'
import type { Ranked } from './precedence.ts'
import type { Route } from './route.ts'

const at = (match: Partial<Match>, parts: Partial<Route> & { readonly rule?: number } = {}): Ranked => {
  const { rule: ruleIndex = 0, ...route } = parts
  return { match: matchOf(match), route: routeOf(route.name ?? 'a', [], { createdAtMs: 1000, ...route }), ruleIndex }
}

const path = (type: PathMatch['type'], value: string): { readonly path: PathMatch } => ({ path: { type, value } })
const values = (count: number): Match['headers'] =>
  Array.from({ length: count }, (_, i) => ({ type: 'Exact', name: `n${i}`, value: 'v' }))

// Each line outranks the next for one reason; everything after that reason favours the next.
const order: readonly (readonly [string, Ranked])[] = [
  ['an Exact path', at(path('Exact', '/a'), { createdAtMs: 9000 })],
  ['a longer regular expression', at(path('RegularExpression', '/longer.*'), { createdAtMs: 9000 })],
  ['a regular expression', at({ ...path('RegularExpression', '/l.*'), method: 'GET', headers: values(3) })],
  ['a longer prefix', at(path('PathPrefix', '/abc'), { createdAtMs: 9000 })],
  ['a method', at({ ...path('PathPrefix', '/ab'), method: 'GET' })],
  ['more headers', at({ ...path('PathPrefix', '/ab'), headers: values(2) })],
  ['more query parameters', at({ ...path('PathPrefix', '/ab'), headers: values(1), queryParams: values(3) })],
  [
    'an older route',
    at({ ...path('PathPrefix', '/ab'), headers: values(1), queryParams: values(2) }, { createdAtMs: 1 }),
  ],
  [
    'a route created at a known time',
    at({ ...path('PathPrefix', '/ab'), headers: values(1), queryParams: values(2) }, { name: 'z' }),
  ],
  ['a name', at({ ...path('PathPrefix', '/ab'), headers: values(1), queryParams: values(1) }, { name: 'b', rule: 2 })],
  [
    'an earlier rule',
    at({ ...path('PathPrefix', '/ab'), headers: values(1), queryParams: values(1) }, { name: 'c', rule: 1 }),
  ],
  [
    'the last',
    at({ ...path('PathPrefix', '/ab'), headers: values(1), queryParams: values(1) }, { name: 'c', rule: 2 }),
  ],
]

test('the order of precedence decides field by field', () => {
  for (const [i, [name, a]] of order.entries()) {
    for (const [j, [other, b]] of order.entries()) {
      assert.equal(Math.sign(comparePrecedence(a, b)), Math.sign(i - j), `${name} against ${other}`)
    }
  }
})

test('a route without a creation time is the newest, and two of them go by name', () => {
  const match = path('PathPrefix', '/')
  const young = { match: matchOf(match), route: routeOf('a'), ruleIndex: 0 }
  const alsoYoung = { ...young, route: routeOf('b') }
  assert.ok(comparePrecedence(at(match, { createdAtMs: 5e15, name: 'z' }), young) < 0)
  assert.ok(comparePrecedence(young, alsoYoung) < 0)
})

test('the namespace goes before the name, and both are one text', () => {
  const a = at({}, { namespace: 'a', name: 'z' })
  const b = at({}, { namespace: 'b', name: 'a' })
  assert.ok(comparePrecedence(a, b) < 0)
  // `a-b/a` comes before `a/a`: a hyphen is less than a slash.
  assert.ok(comparePrecedence(at({}, { namespace: 'a-b' }), at({}, { namespace: 'a' })) < 0)
})

const grpc = (serviceLength: number, methodLength: number, parts: Partial<Match> = {}): Partial<Match> => ({
  ...parts,
  grpc: { serviceLength, methodLength },
})

// Paths of a GRPCRoute say nothing of precedence: here they would give the opposite order.
const grpcOrder: readonly (readonly [string, Ranked])[] = [
  ['a longer service', at(grpc(9, 0, path('PathPrefix', '/')), { createdAtMs: 9000 })],
  ['a longer method', at(grpc(8, 5, path('RegularExpression', '/.*')), { createdAtMs: 9000 })],
  ['more headers', at(grpc(8, 4, { ...path('Exact', '/a'), headers: values(2) }), { createdAtMs: 9000 })],
  ['an older route', at(grpc(8, 4, { ...path('Exact', '/aa'), headers: values(1) }), { createdAtMs: 1 })],
  ['a name', at(grpc(8, 4, { ...path('Exact', '/aaa'), headers: values(1) }), { rule: 2 })],
  ['an earlier rule', at(grpc(8, 4, { ...path('Exact', '/aaaa'), headers: values(1) }), { name: 'b' })],
  ['the last', at(grpc(8, 4, { ...path('Exact', '/aaaaa'), headers: values(1) }), { name: 'b', rule: 1 })],
]

test('matches of GRPCRoutes go by service, method and headers', () => {
  for (const [i, [name, a]] of grpcOrder.entries()) {
    for (const [j, [other, b]] of grpcOrder.entries()) {
      assert.equal(Math.sign(comparePrecedence(a, b)), Math.sign(i - j), `${name} against ${other}`)
    }
  }
})

test('a rank is told in words', () => {
  assert.equal(formatRank(matchOf()), 'PathPrefix path (1 character)')
  assert.equal(
    formatRank({ ...matchOf(path('Exact', '/abcdefgh')), method: 'GET', headers: values(2), queryParams: values(1) }),
    'Exact path (9 characters), method, 2 headers, 1 query parameter',
  )
  assert.equal(
    formatRank(matchOf(grpc(8, 4, { headers: values(1) }))),
    'service (8 characters), method (4 characters), 1 header',
  )
  assert.equal(formatRank(matchOf(grpc(0, 0))), 'any service')
})
