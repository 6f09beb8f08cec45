import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defectsOf, readRule } from '../../../../../test/support/read-http-route.ts'

const everything = { path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] }
const backend = { name: 'a', port: 80 }

describe('matches', () => {
  const good: readonly (readonly [name: string, written: unknown, wanted: Readonly<Record<string, unknown>>])[] = [
    ['default to everything', {}, everything],
    ['prefix loses its trailing slash', { path: { value: '/a/' } }, { path: { type: 'PathPrefix', value: '/a' } }],
    ['exact keeps it', { path: { type: 'Exact', value: '/a/' } }, { path: { type: 'Exact', value: '/a/' } }],
    [
      'regular expression',
      { path: { type: 'RegularExpression', value: '/v[0-9]+/.*' } },
      { path: { type: 'RegularExpression', value: '/v[0-9]+/.*' } },
    ],
    ['percent-encoding is kept', { path: { value: '/a%20b' } }, { path: { type: 'PathPrefix', value: '/a%20b' } }],
    [
      'header names are lower-cased, the first of two counts',
      {
        headers: [
          { name: 'X-A', value: '1' },
          { name: 'x-a', value: '2' },
        ],
      },
      { headers: [{ type: 'Exact', name: 'x-a', value: '1' }] },
    ],
    [
      'query parameter names are not',
      {
        queryParams: [
          { name: 'A', value: '1' },
          { name: 'a', value: '2' },
        ],
      },
      {
        queryParams: [
          { type: 'Exact', name: 'A', value: '1' },
          { type: 'Exact', name: 'a', value: '2' },
        ],
      },
    ],
    ['method', { method: 'PATCH' }, { method: 'PATCH' }],
  ]
  for (const [name, written, wanted] of good) {
    it(name, () => {
      const { matches, defects: found } = readRule({ matches: [written], backendRefs: [backend] })
      assert.deepEqual(found, [])
      assert.deepEqual(matches, [{ ...everything, ...wanted }])
    })
  }

  const bad: readonly (readonly [
    name: string,
    written: unknown,
    wanted: Readonly<Record<string, unknown>>,
    defect: string,
  ])[] = [
    [
      'path type',
      { path: { type: 'Glob', value: '/a' } },
      {},
      'path.type: Glob / one of Exact, PathPrefix, RegularExpression',
    ],
    ['relative path', { path: { value: 'a' } }, {}, 'path.value: a / a path that begins with /'],
    [
      'dot segments',
      { path: { type: 'Exact', value: '/a/..' } },
      {},
      'path.value: /a/.. / a path without //, /./, /../, %2f and #',
    ],
    [
      'encoded slash',
      { path: { value: '/a%2Fb' } },
      {},
      'path.value: /a%2Fb / a path without //, /./, /../, %2f and #',
    ],
    [
      'query in a path',
      { path: { value: '/a?b' } },
      {},
      'path.value: /a?b / a path of URL characters, others percent-encoded',
    ],
    [
      'lookahead',
      { path: { type: 'RegularExpression', value: '(?!a)' } },
      {},
      'path.value: (?!a) / a regular expression in RE2 syntax',
    ],
    [
      'expression that repeats too much',
      { path: { type: 'RegularExpression', value: '(a{1,900}){1,1}(b{1,900})' } },
      {},
      'path.value: (a{1,900}){1,1}(b{1,900}) / at most 1000: less repetition',
    ],
    [
      'expression that explodes',
      { path: { type: 'RegularExpression', value: '((a{1000}){1000})' } },
      {},
      'path.value: ((a{1000}){1000}) / a regular expression in RE2 syntax',
    ],
    [
      'empty expression',
      { path: { type: 'RegularExpression', value: '' } },
      {},
      'path.value:  / a regular expression of 1 to 1024 characters',
    ],
    [
      'header name',
      {
        headers: [
          { name: 'a b', value: 'c' },
          { name: 'x', value: 'y' },
        ],
      },
      { headers: [{ type: 'Exact', name: 'x', value: 'y' }] },
      'headers[0].name: a b / an HTTP header name',
    ],
    ['headers that are no list', { headers: {} }, {}, 'headers: {} / an array'],
    [
      'header expression',
      { headers: [{ type: 'RegularExpression', name: 'x', value: '[' }] },
      {},
      'headers[0].value: [ / a regular expression in RE2 syntax',
    ],
    ['query value', { queryParams: [{ name: 'a', value: '' }] }, {}, 'queryParams[0].value:  / at least 1 character'],
    [
      'method in lower case',
      { method: 'get' },
      {},
      'method: get / one of GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH',
    ],
    [
      'unknown field',
      { path: { value: '/a' }, cookie: 'x' },
      { path: { type: 'PathPrefix', value: '/a' } },
      'cookie: cookie / one of path, headers, queryParams, method',
    ],
  ]
  for (const [name, written, wanted, defect] of bad) {
    it(`${name}: closes the rule, and matches wider rather than narrower`, () => {
      const written1 = { matches: [written], backendRefs: [backend] }
      assert.deepEqual(readRule(written1).matches, [{ ...everything, ...wanted }])
      assert.deepEqual(defectsOf(written1), [`matches[0].${defect}`])
    })
  }

  it('something that is no match matches everything', () => {
    assert.deepEqual(readRule({ matches: ['/a'] }).matches, [everything])
    assert.deepEqual(readRule('x').matches, [everything])
  })

  const told = (match: unknown): readonly string[] =>
    (readRule({ matches: [{}, match], backendRefs: [backend] }).notes ?? []).map(
      ({ path, found, message }) => `${path?.replace('spec.rules[0].', '')}: ${message}: ${found}`,
    )
  const named = (...names: readonly string[]) => names.map((name) => ({ name, value: 'x' }))

  it('an entry that another one of its name comes before is told of, and closes nothing', () => {
    const ignored = 'has the same name, and only the first counts'
    const match = { headers: named('X-Role', 'a', 'x-role', 'X-ROLE'), queryParams: named('q', 'Q', 'q') }
    assert.deepEqual(told(match), [
      `matches[1].headers[2]: is ignored: headers[0] ${ignored}: x-role`,
      `matches[1].headers[3]: is ignored: headers[0] ${ignored}: X-ROLE`,
      `matches[1].queryParams[2]: is ignored: queryParams[0] ${ignored}: q`,
    ])
    assert.deepEqual(readRule({ matches: [match], backendRefs: [backend] }).defects, [])
  })

  it('names of claims have a case, and matches have names of their own', () => {
    assert.deepEqual(told({ headers: named('@request.auth.claims.role', '@request.auth.claims.Role') }), [])
    const { notes } = readRule({ matches: [{ headers: named('a') }, { headers: named('a') }], backendRefs: [backend] })
    assert.equal(notes, undefined)
  })
})
