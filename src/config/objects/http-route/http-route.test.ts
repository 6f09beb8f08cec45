import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defectsOf, readHttpRoute, readRule } from '../../../../test/support/read-http-route.ts'

const everything = { path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] }
const backend = { name: 'a', port: 80 }

describe('filters', () => {
  const headers = { set: [{ name: 'a', value: 'b c' }], add: [{ name: 'd', value: 'e' }], remove: ['f'] }
  const prefix = { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' }
  const good: readonly (readonly [kind: string, field: string, config: unknown])[] = [
    ['RequestHeaderModifier', 'requestHeaderModifier', headers],
    ['ResponseHeaderModifier', 'responseHeaderModifier', { remove: ['f'] }],
    [
      'RequestRedirect',
      'requestRedirect',
      { scheme: 'https', hostname: 'a.example', port: 8443, statusCode: 308, path: prefix },
    ],
    ['RequestRedirect', 'requestRedirect', {}],
    ['URLRewrite', 'urlRewrite', { hostname: 'a.example', path: { type: 'ReplaceFullPath', replaceFullPath: '/x' } }],
    ['URLRewrite', 'urlRewrite', { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '' } }],
    ['CORS', 'cors', { allowOrigins: ['https://a.example'], allowMethods: ['*'], maxAge: 60 }],
    ['CORS', 'cors', {}],
  ]
  for (const [kind, field, config] of good) {
    it(`${kind} ${JSON.stringify(config)} is handed on as written`, () => {
      const { filters, defects: found } = readRule({ filters: [{ type: kind, [field]: config }] })
      assert.deepEqual(found, [])
      assert.deepEqual(
        filters.map((filter) => [filter.kind, 'config' in filter && filter.config, filter.path]),
        [[kind, config, 'spec.rules[0].filters[0]']],
      )
    })
  }

  const bad: readonly (readonly [name: string, filter: unknown, defect: string])[] = [
    ['no configuration', { type: 'URLRewrite' }, 'urlRewrite: nothing / an object'],
    [
      'another filter’s field as well',
      { type: 'URLRewrite', urlRewrite: {}, requestMirror: {} },
      'requestMirror: requestMirror / one of type, urlRewrite',
    ],
    [
      'unknown type',
      { type: 'Rewrite' },
      'type: Rewrite / one of RequestHeaderModifier, ResponseHeaderModifier, RequestRedirect, URLRewrite, RequestMirror, CORS, ExternalAuth, ExtensionRef',
    ],
    [
      'a header value with a line break',
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b\r\nc: d' }] } },
      'requestHeaderModifier.set[0].value: b\r\nc: d / a header value of visible ASCII, with spaces and tabs only inside',
    ],
    [
      'a header that frames the message',
      { type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['Transfer-Encoding'] } },
      'requestHeaderModifier.remove[0]: Transfer-Encoding / a header that does not frame the message',
    ],
    [
      'one header twice',
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'A', value: 'b' }], remove: ['a'] } },
      'requestHeaderModifier: a / one action per header',
    ],
    [
      'redirect status',
      { type: 'RequestRedirect', requestRedirect: { statusCode: 200 } },
      'requestRedirect.statusCode: 200 / one of 301, 302, 303, 307, 308',
    ],
    [
      'redirect to an address',
      { type: 'RequestRedirect', requestRedirect: { hostname: '10.0.0.1' } },
      'requestRedirect.hostname: 10.0.0.1 / a lower-case DNS name',
    ],
    [
      'path of both types',
      { type: 'URLRewrite', urlRewrite: { path: { ...prefix, replaceFullPath: '/' } } },
      'urlRewrite.path.replaceFullPath: replaceFullPath / one of type, replacePrefixMatch',
    ],
    [
      'path with a query',
      { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/a?b' } } },
      'urlRewrite.path.replaceFullPath: /a?b / a path of visible ASCII (others percent-encoded) without query or fragment',
    ],
    [
      'an origin that is none',
      { type: 'CORS', cors: { allowOrigins: ['a.example'] } },
      'cors.allowOrigins[0]: a.example / * or an origin like https://example.com, https://*.example.com or http://example.com:8080',
    ],
    [
      'a mirror of more than everything',
      { type: 'RequestMirror', requestMirror: { backendRef: backend, percent: 101 } },
      'requestMirror.percent: 101 / an integer from 0 to 100',
    ],
    ['a mirror without configuration', { type: 'RequestMirror' }, 'requestMirror: nothing / an object'],
    ['ExternalAuth without configuration', { type: 'ExternalAuth' }, 'externalAuth: nothing / an object'],
    [
      'an ExtensionRef to what nobody knows',
      { type: 'ExtensionRef', extensionRef: { group: 'example.org', kind: 'Filter', name: 'a' } },
      'extensionRef: example.org/Filter / fairway.dev/Filter, or another kind of filter of that group',
    ],
    [
      'a kind that is not spelt right',
      { type: 'ExtensionRef', extensionRef: { group: 'fairway.dev', kind: 'RateLimits', name: 'a' } },
      'extensionRef: fairway.dev/RateLimits / fairway.dev/RateLimit, or another kind of filter of that group',
    ],
  ]
  for (const [name, filter, defect] of bad) {
    it(`${name}: closes the rule, on a backend too`, () => {
      assert.deepEqual(defectsOf({ filters: [filter] }), [`filters[0].${defect}`])
      assert.deepEqual(defectsOf({ backendRefs: [{ ...backend, filters: [filter] }] }), [
        `backendRefs[0].filters[0].${defect}`,
      ])
    })
  }
})

describe('rules', () => {
  const rewrite = { type: 'URLRewrite', urlRewrite: {} }
  const redirect = { type: 'RequestRedirect', requestRedirect: {} }
  const cors = { type: 'CORS', cors: {} }
  const mirror = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'shadow', port: 80 }, percent: 5 } }
  const prefix = { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } }
  const cases: readonly (readonly [name: string, written: unknown, reason: string, defect: string])[] = [
    [
      'a filter twice',
      { filters: [rewrite, rewrite] },
      'IncompatibleFilters',
      'filters[1]: URLRewrite / one URLRewrite at most',
    ],
    [
      'rewrite and redirect',
      { filters: [rewrite, redirect] },
      'IncompatibleFilters',
      'filters: URLRewrite, RequestRedirect / one of the two',
    ],
    [
      'redirect with backends',
      { filters: [redirect], backendRefs: [backend] },
      'IncompatibleFilters',
      'filters[0]: 1 backendRefs / none',
    ],
    [
      'prefix rewrite of an exact match',
      { matches: [{ path: { type: 'Exact', value: '/a' } }], filters: [prefix] },
      'UnsupportedValue',
      'filters[0]: Exact / a rule with exactly one match, of type PathPrefix',
    ],
    [
      'prefix rewrite on a backend of two matches',
      { matches: [{}, {}], backendRefs: [{ ...backend, filters: [prefix] }] },
      'UnsupportedValue',
      'backendRefs[0].filters[0]: PathPrefix, PathPrefix / a rule with exactly one match, of type PathPrefix',
    ],
    [
      'session persistence without an end',
      { sessionPersistence: { cookieConfig: { lifetimeType: 'Permanent' } } },
      'UnsupportedValue',
      'sessionPersistence.absoluteTimeout: nothing / how long a Permanent cookie lasts',
    ],
    [
      'unknown field',
      { backendRef: [] },
      'UnsupportedValue',
      'backendRef: backendRef / one of name, matches, filters, backendRefs, timeouts, retry, sessionPersistence',
    ],
    ['name', { name: 'A' }, 'UnsupportedValue', 'name: A / a section name'],
    ['name with an empty part', { name: 'a..b' }, 'UnsupportedValue', 'name: a..b / a section name'],
    [
      'timeouts',
      { timeouts: { request: '1d' } },
      'UnsupportedValue',
      'timeouts.request: 1d / a duration like 500ms, 10s or 1m30s: whole numbers of h, m, s and ms, at most four',
    ],
    [
      'a try that outlasts the request',
      { timeouts: { request: '1s', backendRequest: '2s' } },
      'UnsupportedValue',
      'timeouts.backendRequest: 2s / at most the request timeout, 1s',
    ],
    ['retry', { retry: { attempts: 0 } }, 'UnsupportedValue', 'retry.attempts: 0 / an integer from 1 to 2147483647'],
    ['timeouts that are a list', { timeouts: [] }, 'UnsupportedValue', 'timeouts: [] / an object'],
    ['CORS twice', { filters: [cors, cors] }, 'IncompatibleFilters', 'filters[1]: CORS / one CORS at most'],
    [
      'a filter twice on a backend',
      { backendRefs: [{ ...backend, filters: [rewrite, mirror, rewrite] }] },
      'IncompatibleFilters',
      'backendRefs[0].filters[2]: URLRewrite / one URLRewrite at most',
    ],
    [
      'rewrite and redirect on a backend',
      { backendRefs: [{ ...backend, filters: [redirect, rewrite] }] },
      'IncompatibleFilters',
      'backendRefs[0].filters: RequestRedirect, URLRewrite / one of the two',
    ],
    [
      'prefix redirect of a regular expression',
      {
        matches: [{ path: { type: 'RegularExpression', value: '/a' } }],
        filters: [{ ...redirect, requestRedirect: prefix.urlRewrite }],
      },
      'UnsupportedValue',
      'filters[0]: RegularExpression / a rule with exactly one match, of type PathPrefix',
    ],
    [
      'backend without port',
      { backendRefs: [{ name: 'a' }] },
      'UnsupportedValue',
      'backendRefs[0].port: nothing / the port of the Service',
    ],
    [
      'weight',
      { backendRefs: [{ ...backend, weight: 1_000_001 }] },
      'UnsupportedValue',
      'backendRefs[0].weight: 1000001 / an integer from 0 to 1000000',
    ],
    ['backends that are no list', { backendRefs: backend }, 'UnsupportedValue', 'backendRefs: object / an array'],
  ]
  for (const [name, written, reason, defect] of cases) {
    it(`${name}: closed`, () => {
      assert.deepEqual(defectsOf(written), [defect])
      assert.equal(readRule(written).defects[0]?.reason, reason)
    })
  }

  it('mirrors may repeat, beside everything else', () => {
    const filters = [mirror, rewrite, mirror, cors]
    const read1 = readRule({ filters, backendRefs: [{ ...backend, filters }] })
    assert.deepEqual(read1.defects, [])
    for (const [list, at] of [
      [read1, 'spec.rules[0]'],
      [read1.backendRefs[0], 'spec.rules[0].backendRefs[0]'],
    ] as const) {
      assert.deepEqual(
        list?.mirrors.map(({ name, numerator, path }) => [name, numerator, path]),
        [
          ['shadow', 5, `${at}.filters[0]`],
          ['shadow', 5, `${at}.filters[2]`],
        ],
      )
      assert.deepEqual(
        list?.filters.map(({ kind }) => kind),
        ['URLRewrite', 'CORS'],
      )
    }
  })

  it('a backend may redirect its share', () => {
    assert.deepEqual(defectsOf({ backendRefs: [backend, { ...backend, filters: [redirect] }] }), [])
  })

  it('timeouts and retry are in the rule; without any they are absent', () => {
    const written = { timeouts: { request: '2s', backendRequest: '0s' }, retry: { codes: [503] } }
    assert.partialDeepStrictEqual(readRule(written), {
      timeouts: { requestMs: 2000 },
      retry: { codes: [503], attempts: 2, backoffMs: 25 },
    })
    for (const none of [{}, { timeouts: null, retry: null }, { timeouts: { request: '0s' } }]) {
      assert.equal('timeouts' in readRule(none) || 'retry' in readRule(none), false)
    }
  })

  it('a prefix may be rewritten without matches, for the default is one prefix', () => {
    assert.deepEqual(defectsOf({ filters: [prefix] }), [])
  })

  it('a backend has weight 1 and kind Service unless it says otherwise', () => {
    assert.deepEqual(readRule({ backendRefs: [backend] }).backendRefs, [
      {
        group: '',
        kind: 'Service',
        name: 'a',
        port: 80,
        weight: 1,
        filters: [],
        externalAuths: [],
        mirrors: [],
        path: 'spec.rules[0].backendRefs[0]',
      },
    ])
  })

  it('a route without rules has one that matches everything and sends nowhere', () => {
    for (const spec of [{}, { rules: [] }, { rules: null }]) {
      assert.partialDeepStrictEqual(readHttpRoute(spec).rules, [
        { matches: [everything], backendRefs: [], defects: [] },
      ])
    }
  })
})

describe('what is wrong above the rules closes all of them', () => {
  const cases: readonly (readonly [name: string, spec: Readonly<Record<string, unknown>>, path: string])[] = [
    ['unknown field', { hostname: 'a' }, 'spec.hostname'],
    ['hostnames', { hostnames: [1] }, 'spec.hostnames[0]'],
    ['a hostname in capitals', { hostnames: ['*.a.example', 'A.example'] }, 'spec.hostnames[1]'],
    ['an address for a hostname', { hostnames: ['10.0.0.1'] }, 'spec.hostnames[0]'],
    ['a wildcard inside', { hostnames: ['a.*.example'] }, 'spec.hostnames[0]'],
    ['a parent’s unknown field', { parentRefs: [{ name: 'a', sectionname: 'b' }] }, 'spec.parentRefs[0].sectionname'],
    ['parents that are no list', { parentRefs: { name: 'a' } }, 'spec.parentRefs'],
    ['rules that are no list', { rules: { matches: [] } }, 'spec.rules'],
  ]
  for (const [name, spec, path] of cases) {
    it(name, () => {
      const { rules } = readHttpRoute({
        rules: [{ backendRefs: [backend] }, { name: 'b', backendRefs: [backend] }],
        ...spec,
      })
      assert.ok(rules.length > 0)
      for (const each of rules)
        assert.deepEqual(
          each.defects.map((defect) => defect.path),
          [path],
        )
    })
  }

  it('only the second of two rules with one name is closed', () => {
    const { rules } = readHttpRoute({ rules: [{ name: 'a' }, { name: 'a' }] })
    assert.deepEqual(
      rules.map((each) => each.defects.map(({ path }) => path)),
      [[], ['spec.rules[1].name']],
    )
  })

  const service = { group: '', kind: 'Service', name: 'api' }
  const entry = { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'far' }
  const hostnames = ['a.example']
  for (const [name, spec, isTold] of [
    ['of a Service', { hostnames, parentRefs: [service] }, true],
    ['of a Service and a ServiceEntry', { hostnames, parentRefs: [service, entry] }, true],
    ['of a Service and a Gateway', { hostnames, parentRefs: [service, { name: 'ingress' }] }, false],
    ['of a Gateway', { hostnames, parentRefs: [{ name: 'ingress' }] }, false],
    ['of nothing', { hostnames }, false],
    ['that are none', { hostnames: null, parentRefs: [service] }, false],
  ] as const) {
    it(`hostnames ${name} are ${isTold ? 'told of, and close nothing' : 'no news'}`, () => {
      const { notes = [], rules } = readHttpRoute({ ...spec, rules: [{}] })
      assert.deepEqual(
        notes.map(({ path }) => path),
        isTold ? ['spec.hostnames'] : [],
      )
      assert.deepEqual(rules[0]?.defects, [])
    })
  }
})
