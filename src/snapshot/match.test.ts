import assert from 'node:assert/strict'
import test from 'node:test'
import { matchOf, noFilters, requestOf, routeOf } from '../../test/support/models.ts'
import type { Match } from '../model/match.ts'
import { compileRoute, createBackendsCompiler } from './compile-route.ts'
import { compileMatch, createRegexCompiler, describeField, findMisfit, findQueryParam, FITS } from './match.ts'
import type { MatchPlan } from './snapshot.ts'

const planOf = (match: Partial<Match>): MatchPlan => {
  const route = routeOf('a', [{ matches: [matchOf(match)] }])
  const regex = createRegexCompiler()
  const backends = createBackendsCompiler(noFilters)
  const [plan] = compileRoute(route, undefined, { filters: noFilters, regex, backends }).matches
  assert.ok(plan)
  return plan
}

const fits = (match: Partial<Match>, request: Parameters<typeof requestOf>[0]): boolean =>
  findMisfit(planOf(match), requestOf(request)) === FITS

const paths: readonly (readonly [Match['path']['type'], string, readonly string[], readonly string[]])[] = [
  ['Exact', '/abc', ['/abc'], ['/abc/', '/ab', '/abcd', '/ABC', '/x/abc', '/']],
  ['PathPrefix', '/v2', ['/v2', '/v2/', '/v2/x', '/v2//'], ['/v2example', '/foo/v2/x', '/v', '/V2', '/']],
  ['PathPrefix', '/', ['/', '/x', '//', '/x/y'], ['*']],
  ['PathPrefix', '/a/b', ['/a/b', '/a/b/c'], ['/a', '/a/', '/a/bc', '/a/b%2Fc']],
  ['RegularExpression', '/v[0-9]+/.*', ['/v1/', '/v22/x/y'], ['/v/x', '/x/v1/y', '/v1', '/v1/\n']],
  ['RegularExpression', 'a|/ab', ['/ab'], ['/a', '/abc', 'x/ab']],
  ['RegularExpression', '/(?i)shop', ['/SHOP', '/shop'], ['/shops']],
]
for (const [type, value, yes, no] of paths) {
  test(`path ${type} ${value}`, () => {
    for (const path of yes) assert.equal(fits({ path: { type, value } }, { path }), true, path)
    for (const path of no) assert.equal(fits({ path: { type, value } }, { path }), false, path)
  })
}

test('the method is compared as it is', () => {
  assert.equal(fits({ method: 'POST' }, { method: 'POST' }), true)
  assert.equal(fits({ method: 'POST' }, { method: 'post' }), false)
})

test('all header matches must hold, values whole and case-sensitive', () => {
  const headers = [
    { type: 'Exact', name: 'version', value: 'two' },
    { type: 'RegularExpression', name: 'color', value: 'b.ue|red' },
  ] as const
  assert.equal(fits({ headers }, { headers: ['color', 'blue', 'version', 'two'] }), true)
  for (const wrong of [
    [],
    ['version', 'two'],
    ['version', 'two', 'color', 'bluered'],
    ['version', 'Two', 'color', 'red'],
    ['version', 'two', 'version', 'two', 'color', 'red'],
  ]) {
    assert.equal(fits({ headers }, { headers: wrong }), false, wrong.join())
  }
})

test('a header that is absent matches no pattern, an empty one does', () => {
  const headers = [{ type: 'RegularExpression', name: 'x', value: '.*' }] as const
  assert.equal(fits({ headers }, {}), false)
  assert.equal(fits({ headers }, { headers: ['x', ''] }), true)
})

test('host is a header like any other', () => {
  const headers = [{ type: 'Exact', name: 'host', value: 'echo-v1' }] as const
  assert.equal(fits({ headers }, { headers: ['host', 'echo-v1'] }), true)
  assert.equal(fits({ headers }, { headers: ['host', 'echo-v2'] }), false)
})

const misfits: readonly (readonly [Parameters<typeof requestOf>[0], string])[] = [
  [{ path: '/b' }, 'path: PathPrefix /a'],
  [{ path: '/a' }, 'method: PUT'],
  [{ path: '/a', method: 'PUT' }, 'header x: Exact 1'],
  [{ path: '/a', method: 'PUT', headers: ['x', '1'] }, 'header authorization: RegularExpression (hidden)'],
  [{ path: '/a', method: 'PUT', headers: ['x', '1', 'authorization', 'b'] }, 'query parameter q: RegularExpression .'],
  [
    { path: '/a', method: 'PUT', headers: ['x', '1', 'authorization', 'b'], query: '?q=1' },
    'query parameter r: Exact 2',
  ],
]
for (const [request, told] of misfits) {
  test(`the first condition that does not hold is told: ${told}`, () => {
    const plan = planOf({
      path: { type: 'PathPrefix', value: '/a' },
      method: 'PUT',
      headers: [
        { type: 'Exact', name: 'x', value: '1' },
        { type: 'RegularExpression', name: 'authorization', value: 'b' },
      ],
      queryParams: [
        { type: 'RegularExpression', name: 'q', value: '.' },
        { type: 'Exact', name: 'r', value: '2' },
      ],
    })
    const { name, wanted } = describeField(plan, findMisfit(plan, requestOf(request)))
    assert.equal(`${name}: ${wanted}`, told)
  })
}

test('a match that cannot be compiled says why it fits nothing', () => {
  const plan = planOf({ path: { type: 'RegularExpression', value: '(' } })
  const { name, wanted } = describeField(plan, findMisfit(plan, requestOf({ path: '/(' })))
  assert.equal(name, 'invalid match')
  assert.match(wanted, /^RegularExpression \(: .+/)
})

const queries: readonly (readonly [string, string, string | undefined])[] = [
  ['', 'a', undefined],
  ['?', 'a', undefined],
  ['?a', 'a', ''],
  ['?a=', 'a', ''],
  ['?a=b', 'a', 'b'],
  ['?a=b=c', 'a', 'b=c'],
  ['?x=1&a=2', 'a', '2'],
  ['?a=1&a=2', 'a', '1'],
  ['?aa=1&a=2', 'a', '2'],
  ['?ba=1', 'a', undefined],
  ['?&&a=1', 'a', '1'],
  ['?A=1', 'a', undefined],
  ['?a=x+y%20z', 'a', 'x+y%20z'],
  ['?%61=1', 'a', undefined],
  ['?b=a=1', 'a', undefined],
  ['?a&a=2', 'a', ''],
]
for (const [query, name, value] of queries) {
  test(`query parameter ${name} of ${JSON.stringify(query)} is ${JSON.stringify(value)}`, () => {
    assert.equal(findQueryParam(query, name), value)
  })
}

test('query values are compared whole, other parameters do not matter', () => {
  const queryParams = [{ type: 'Exact', name: 'animal', value: 'whale' }] as const
  assert.equal(fits({ queryParams }, { query: '?other=1&animal=whale' }), true)
  assert.equal(fits({ queryParams }, { query: '?animal=whaledolphin' }), false)
})

for (const value of ['(', 'a{2000}', '(?=a)', String.raw`(a)\1`]) {
  test(`the pattern ${value} is refused, not thrown`, () => {
    const compiled = compileMatch(matchOf({ path: { type: 'RegularExpression', value } }), createRegexCompiler())
    assert.ok('failure' in compiled && compiled.failure.length > 0)
  })
}

test('equal patterns are compiled once', () => {
  const regex = createRegexCompiler()
  assert.equal(regex('/a.*'), regex('/a.*'))
})

test('a pattern that ruins backtracking engines takes linear time', () => {
  const regex = createRegexCompiler()('(x+x+)+y')
  const before = process.cpuUsage()
  assert.equal(regex('x'.repeat(20_000)), false)
  // Of this process, not of the clock: a machine may stand still for as long.
  assert.ok(process.cpuUsage(before).user < 2_000_000)
})
