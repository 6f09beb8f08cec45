import assert from 'node:assert/strict'
import test from 'node:test'
import { matchOf, routeOf } from '../../test/support/models.ts'
import type { Match, PathMatch } from '../model/match.ts'
import type { Route } from '../model/route.ts'
import { comparePrecedence, compilePrecedence, formatRank } from './precedence.ts'
import type { Precedence } from './snapshot.ts'

const at = (match: Partial<Match>, route: Partial<Route> & { readonly rule?: number } = {}): Precedence => {
  const parent = routeOf(route.name ?? 'a', [{}, {}, {}], { createdAtMs: 1000, ...route })
  const rule = parent.rules[route.rule ?? 0]
  assert.ok(rule)
  return compilePrecedence(matchOf(match), rule, parent)
}

const path = (type: PathMatch['type'], value: string): { readonly path: PathMatch } => ({ path: { type, value } })
const values = (count: number): Match['headers'] =>
  Array.from({ length: count }, (_, i) => ({ type: 'Exact', name: `n${i}`, value: 'v' }))

// Each line outranks the next for one reason; everything after that reason favours the next.
const order: readonly (readonly [string, Precedence])[] = [
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
  const { createdAtMs: _, ...nameless } = routeOf('a')
  const rule = nameless.rules[0]
  assert.ok(rule)
  const young = compilePrecedence(matchOf(match), rule, nameless)
  const alsoYoung = compilePrecedence(matchOf(match), rule, { ...nameless, name: 'b' })
  assert.ok(comparePrecedence(at(match, { createdAtMs: 5e15, name: 'z' }), young) < 0)
  assert.ok(comparePrecedence(young, alsoYoung) < 0)
})

test('the namespace goes before the name', () => {
  const a = at({}, { namespace: 'a', name: 'z' })
  const b = at({}, { namespace: 'b', name: 'a' })
  assert.ok(comparePrecedence(a, b) < 0)
})

test('a rank is told in words', () => {
  assert.equal(formatRank(matchOf()), 'PathPrefix path (1 character)')
  assert.equal(
    formatRank({ ...matchOf(path('Exact', '/abcdefgh')), method: 'GET', headers: values(2), queryParams: values(1) }),
    'Exact path (9 characters), method, 2 headers, 1 query parameter',
  )
})
