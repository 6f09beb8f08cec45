import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchOf, routeOf } from '../../test/support/models.ts'
import type { Match, PathMatch, ValueMatch } from './match.ts'
import type { Ranked } from './precedence.ts'
import { findShadowed } from './shadow.ts'

const path = (type: PathMatch['type'], value: string): { readonly path: PathMatch } => ({ path: { type, value } })
const has = (...names: readonly string[]): readonly ValueMatch[] =>
  names.map((name) => ({ type: 'Exact', name, value: '1' }))

const set = (...matches: readonly Partial<Match>[]): readonly Ranked[] =>
  matches.map((match, i) => ({ match: matchOf(match), route: routeOf(`r${i}`), ruleIndex: 0 }))

/** Positions of those that are hidden, each with that of the one that hides it. */
const shadows = (ranked: readonly Ranked[]) =>
  [...findShadowed(ranked)].map(([loser, winner]) => [ranked.indexOf(loser), ranked.indexOf(winner)])

const cases: readonly (readonly [string, readonly Partial<Match>[], readonly (readonly number[])[]])[] = [
  ['the same path', [path('PathPrefix', '/a'), path('PathPrefix', '/a')], [[1, 0]]],
  ['the same path and conditions in another order', [{ headers: has('a', 'b') }, { headers: has('b', 'a') }], [[1, 0]]],
  [
    'three of a kind: the first hides both',
    [{}, {}, {}],
    [
      [1, 0],
      [2, 0],
    ],
  ],
  ['one with a method more is before, and not hidden', [{}, { method: 'GET' }], []],
  ['another header', [{ headers: has('a') }, { headers: has('b') }], []],
  ['another query parameter', [{ queryParams: has('a') }, { headers: has('a') }], []],
  ['an exact path and a prefix', [path('Exact', '/a'), path('PathPrefix', '/a')], []],
  [
    'a pattern that takes everything',
    [path('PathPrefix', '/a'), path('RegularExpression', '.*'), {}],
    [
      [0, 1],
      [2, 1],
    ],
  ],
  [
    'a pattern that takes all below',
    [path('PathPrefix', '/api/v1'), path('PathPrefix', '/'), path('RegularExpression', '/api/.*')],
    [[0, 2]],
  ],
  ['the folder itself is not below it', [path('PathPrefix', '/api'), path('RegularExpression', '/api/.*')], []],
  [
    'a wide pattern with a condition of its own',
    [path('PathPrefix', '/a'), { ...path('RegularExpression', '.*'), headers: has('x') }],
    [],
  ],
  [
    'a wide pattern with fewer conditions',
    [
      { ...path('PathPrefix', '/a'), headers: has('x', 'y') },
      { ...path('RegularExpression', '.*'), headers: has('x') },
    ],
    [[0, 1]],
  ],
  [
    'a wide pattern of one method',
    [
      { ...path('PathPrefix', '/a'), method: 'PUT' },
      { ...path('RegularExpression', '.*'), method: 'GET' },
    ],
    [],
  ],
  ['an exact path comes before a wide pattern', [path('Exact', '/a'), path('RegularExpression', '.*')], []],
  ['a dot that is meant as one', [path('PathPrefix', '/a.b'), path('RegularExpression', '/a.b.*')], []],
  [
    'a GRPCRoute’s matches, which go by service and method',
    [
      { ...path('Exact', '/a/b'), grpc: { serviceLength: 1, methodLength: 1 } },
      { ...path('Exact', '/a/b'), grpc: { serviceLength: 1, methodLength: 1 } },
    ],
    [[1, 0]],
  ],
]
for (const [name, matches, expected] of cases) {
  test(`hidden matches: ${name}`, () => assert.deepEqual(shadows(set(...matches)), expected))
}

test('two matches of one rule do not hide each other', () => {
  const route = routeOf('a')
  assert.equal(findShadowed([0, 1].map(() => ({ match: matchOf(), route, ruleIndex: 0 }))).size, 0)
})
