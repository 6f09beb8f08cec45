import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileRe2 } from '../../../lib/regex/compile-re2.ts'
import type { Match } from '../../../model/match.ts'
import type { RouteParts } from '../http-route/decode-route.ts'
import type { HttpRouteRule } from '../http-route/rule.ts'
import { decodeGrpcRoute } from './grpc-route.ts'

const read = (spec: unknown): RouteParts<HttpRouteRule> => {
  const metadata = { name: 'r', namespace: 'shop', labels: {}, annotations: {}, owners: [] }
  const decoded = decodeGrpcRoute({ metadata, body: { spec }, warnings: [] })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

const rule = (written: unknown) => {
  const [first] = read({ rules: [written] }).rules
  assert.ok(first !== undefined)
  return first
}

const defects = (written: unknown): readonly string[] =>
  rule(written).defects.map(({ path, found }) => `${path?.replace('spec.rules[0].', '')}: ${found}`)

const every: Match = {
  path: { type: 'PathPrefix', value: '/' },
  headers: [],
  queryParams: [],
  grpc: { serviceLength: 0, methodLength: 0 },
}
const call = (type: Match['path']['type'], value: string, lengths: readonly [number, number]): Match => ({
  ...every,
  path: { type, value },
  grpc: { serviceLength: lengths[0], methodLength: lengths[1] },
})

describe('matches', () => {
  const good: readonly (readonly [name: string, written: unknown, wanted: Match])[] = [
    ['nothing means every call', {}, every],
    ['no method means every call', { method: null }, every],
    ['service and method', { method: { service: 'a.B', method: 'Get' } }, call('Exact', '/a.B/Get', [3, 3])],
    ['a service', { method: { type: 'Exact', service: 'a.B' } }, call('PathPrefix', '/a.B', [3, 0])],
    ['a method', { method: { method: 'Get_2' } }, call('RegularExpression', '/[^/]+/Get_2', [0, 5])],
    [
      'patterns',
      { method: { type: 'RegularExpression', service: 'a\\.[AB]|c', method: '(?i)get.*' } },
      call('RegularExpression', '/(?:a\\.[AB]|c)/(?:(?i)get.*)', [9, 9]),
    ],
    [
      'a pattern for the service alone',
      { method: { type: 'RegularExpression', service: 'x|y' } },
      call('RegularExpression', '/(?:x|y)/[^/]+', [3, 0]),
    ],
    [
      'a pattern for the method alone',
      { method: { type: 'RegularExpression', method: 'x|y' } },
      call('RegularExpression', '/[^/]+/(?:x|y)', [0, 3]),
    ],
    [
      'headers as in an HTTPRoute',
      {
        headers: [
          { name: 'X-A', value: '1' },
          { name: 'x-a', value: '2' },
        ],
      },
      { ...every, headers: [{ type: 'Exact', name: 'x-a', value: '1' }] },
    ],
  ]
  for (const [name, written, wanted] of good) {
    it(name, () => {
      const { matches, defects: found } = rule({ matches: [written] })
      assert.deepEqual(found, [])
      assert.deepEqual(matches, [wanted])
    })
  }

  it('a part of a pattern does not reach into the other', () => {
    const { matches } = rule({
      matches: [{ method: { type: 'RegularExpression', service: '(?i)a|b', method: 'Get|Set' } }],
    })
    const pattern = compileRe2(matches[0]?.path.value ?? '')
    const paths = ['/A/Get', '/b/Set', '/a/set', '/a', '/x/Set', '/a/Get/x']
    assert.deepEqual(
      paths.filter((path) => pattern.testExact(path)),
      ['/A/Get', '/b/Set'],
    )
  })

  it('none means every call, as do no rules', () => {
    assert.deepEqual(rule({ backendRefs: [] }).matches, [every])
    assert.deepEqual(
      read({}).rules.map(({ matches }) => matches),
      [[every]],
    )
  })

  const bad: readonly (readonly [name: string, written: unknown, defects: readonly string[], wanted: Match])[] = [
    ['an empty method', { method: {} }, ['matches[0].method: neither'], every],
    ['a service with a slash', { method: { service: 'a/b' } }, ['matches[0].method.service: a/b'], every],
    ['a method with a dot', { method: { method: 'a.b' } }, ['matches[0].method.method: a.b'], every],
    [
      'a pattern that is none',
      { method: { type: 'RegularExpression', service: 'a', method: '(' } },
      ['matches[0].method.method: ('],
      every,
    ],
    [
      'two patterns that only together are one',
      { method: { type: 'RegularExpression', service: 'a)|(?:b' } },
      ['matches[0].method.service: a)|(?:b'],
      every,
    ],
    ['a type of its own', { method: { type: 'Prefix', service: 'a' } }, ['matches[0].method.type: Prefix'], every],
    [
      'a field of an HTTPRoute, the rest of the match still counting',
      { path: { value: '/a' }, method: { service: 'a' } },
      ['matches[0].path: path'],
      call('PathPrefix', '/a', [1, 0]),
    ],
    ['no object', 'a.B/Get', ['matches[0]: a.B/Get'], every],
  ]
  for (const [name, written, wanted, match] of bad) {
    it(`${name} closes the rule`, () => {
      assert.deepEqual(defects({ matches: [written] }), wanted)
      assert.deepEqual(rule({ matches: [written] }).matches, [match])
    })
  }
})

describe('rules', () => {
  const bad: readonly (readonly [name: string, written: unknown, wanted: readonly string[]])[] = [
    ['timeouts, which a GRPCRoute has not', { timeouts: { request: '1s' } }, ['timeouts: timeouts']],
    ['session persistence', { sessionPersistence: { type: 'Query' } }, ['sessionPersistence.type: Query']],
    [
      'a rewrite',
      { filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'a.example' } }] },
      ['filters[0].type: URLRewrite'],
    ],
    [
      'a redirect at a backend',
      {
        backendRefs: [
          { name: 'a', port: 80, filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'a.example' } }] },
        ],
      },
      ['backendRefs[0].filters[0].type: RequestRedirect'],
    ],
    ['no object', 1, [': 1']],
  ]
  for (const [name, written, wanted] of bad) {
    it(`are closed by ${name}`, () => {
      assert.deepEqual(
        defects(written).map((text) => text.replace('spec.rules[0]', '')),
        wanted,
      )
      assert.deepEqual(rule(written).matches, [every])
    })
  }

  it('are closed by a filter that points elsewhere', () => {
    const filter = { type: 'ExtensionRef', extensionRef: { group: 'g', kind: 'K', name: 'n' } }
    assert.match(defects({ filters: [filter] }).join(), /^filters\[0\]/)
  })

  it('have names, backends with weights and header filters', () => {
    const header = { set: [{ name: 'a', value: 'b' }] }
    const good = rule({
      name: 'one',
      filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: header }],
      backendRefs: [
        {
          name: 'a',
          port: 80,
          weight: 3,
          filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier: header }],
        },
      ],
    })
    assert.deepEqual(good.defects, [])
    assert.equal(good.name, 'one')
    assert.deepEqual(
      good.filters.map(({ kind }) => kind),
      ['RequestHeaderModifier'],
    )
    assert.deepEqual(
      good.backendRefs.map(({ name, weight, filters }) => [name, weight, filters.map(({ kind }) => kind)]),
      [['a', 3, ['ResponseHeaderModifier']]],
    )
  })

  it('of one name are told apart: the second is closed', () => {
    const { rules } = read({ rules: [{ name: 'a' }, { name: 'a' }] })
    assert.deepEqual(
      rules.map((each) => each.defects.length),
      [0, 1],
    )
  })
})
