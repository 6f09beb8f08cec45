import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PathNormalization } from '../../../model/model.ts'
import type { PolicyField } from '../../../model/security/authorization.ts'
import { seededRandom } from '../../../../test/support/random.ts'
import { normalizePath } from '../../../http/path.ts'
import { whyNever } from './never-fits.ts'

const ISSUERS = ['https://idp.example/a', 'local']

const ADDRESSES = ['10.96.0.1', 'fd00::1']

const why = (kind: string, value: string, over: Partial<Parameters<typeof whyNever>[2]> = {}): string | undefined => {
  const scope = {
    trustDomains: ['new.td', 'old.td'],
    pathNormalization: 'BASE' as const,
    ports: undefined,
    issuers: ISSUERS,
    addresses: ADDRESSES,
    ...over,
  }
  return whyNever({ kind, name: 'x' } as PolicyField, value, scope)
}

/** Values of `paths`, and the modes in which some path fits them. */
const PATHS: readonly (readonly [value: string, ...modes: PathNormalization[]])[] = [
  ['/a', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
  ['*', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
  ['/a//b', 'NONE', 'BASE'],
  ['/a/../b', 'NONE'],
  ['/a/%2e/', 'NONE'],
  ['/a/%2E%2e', 'NONE'],
  ['/%61', 'NONE'],
  ['/a%2Fb', 'NONE', 'BASE', 'MERGE_SLASHES'],
  ['/a%20b', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
  ['/a\\b', 'NONE'],
  ['/a b'],
  ['/über'],
  ['/a#b'],
  ['/%zz', 'NONE'],
  ['items'],
  ['/items?all'],
  ['/a//*', 'NONE', 'BASE'],
  ['/a/..*', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
  ['/a/../*', 'NONE'],
  ['/a%*', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
  ['/a%6*', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
  ['*/../b', 'NONE'],
  ['*./b', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
  ['*//b', 'NONE', 'BASE'],
  ['/a/{*}', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
  ['/a/../{**}', 'NONE'],
  ['/%2e%2E/{*}/b', 'NONE'],
  ['/{**}/%61', 'NONE'],
]

describe('paths', () => {
  for (const [value, ...modes] of PATHS) {
    test(`${value} is a path with ${modes.length === 0 ? 'no normalisation' : modes.join(', ')}`, () => {
      const all = ['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'] as const
      const found = all.filter((pathNormalization) => why('request.path', value, { pathNormalization }) === undefined)
      assert.deepEqual(found, modes)
    })
  }

  test('the message says what to write', () => {
    assert.equal(why('request.path', '/a/%2e/b'), 'since paths are compared normalised as "/a/b" (BASE)')
    assert.equal(why('request.path', '/a/../*'), 'since paths are compared normalised (BASE)')
    assert.equal(why('request.path', '/ü'), 'since a request for such a path is refused (400)')
  })

  test('whatever a normalised path begins or ends with may fit', () => {
    const random = seededRandom(11)
    for (let i = 0; i < 20_000; i++) {
      const pathNormalization = random.pick(['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'] as const)
      const letters = ['a', '.', '/', '%2e', '%2F', '%', '4', '1', '\\', '..', '//', '%25', '5']
      const written = `/${Array.from({ length: random.below(7) }, () => random.pick(letters)).join('')}`
      const path = normalizePath(written, pathNormalization)
      if (path === undefined) continue
      const cut = random.below(path.length + 1)
      for (const value of [path, `${path.slice(0, cut)}*`, `*${path.slice(cut)}`]) {
        assert.equal(why('request.path', value, { pathNormalization }), undefined, `${value} of ${path}`)
      }
    }
  })
})

/** Values of other fields that something fits. */
const FITTING: readonly (readonly [kind: string, ...values: string[]])[] = [
  ['source.principal', '*', 'new.td/ns/a/sa/b', 'old.td/ns/a/sa/b', 'cluster.local/ns/a/sa/b', '*/ns/a/sa/b', '*b'],
  [
    'source.principal',
    'new.td/*',
    'old*',
    'new.td/ns/a/*',
    'new.td/ns/a/s*',
    '*w.td/ns/a/sa/b',
    '*/sa/b',
    '*a/b',
    'o*',
  ],
  ['source.principal', 'cluster.local/ns/a/sa/*', 'new.td/n*', '*a/sa/b', '*s/a/sa/b'],
  ['source.trustDomain', '*', 'new.td', 'old.td', 'new*', '*.td'],
  ['source.namespace', '*', 'a', 'a*', '*a', 'a*b*c'],
  ['source.serviceAccount', 'shop/web'],
  ['request.method', '*', 'GET', 'G*', '*T', 'PURGE', 'M-SEARCH'],
  ['request.headers', 'whatever'],
  ['request.host', 'a.b', '*.b', '[::1]'],
  ['destination.port', '80'],
  ['request.auth.principal', '*', 'local/bob', 'local/*', 'https://idp.example/a/*', '*/bob', '*idp.example/a/bob'],
  ['destination.ip', '10.96.0.1', '10.96.0.0/12', 'fd00::/8', '::ffff:10.96.0.1', '0.0.0.0/0'],
  ['request.auth.principal', 'loc*', '*bob', 'local'],
]

const NEVER: readonly (readonly [kind: string, values: readonly string[], why: RegExp])[] = [
  [
    'source.principal',
    ['partner.td/ns/a/sa/b', 'partner*', 'partner.td/*'],
    /has the trust domain new.td and the aliases old.td/,
  ],
  ['source.principal', ['*partner.td/ns/a/sa/b', 'ne*/ns/a/sa/b'], /has the trust domain|at one end only/],
  ['source.principal', ['cluster.local/ns/a/*', 'cluster*'], /has the trust domain/],
  [
    'source.principal',
    ['web', 'new.td/a/b', 'new.td/ns/a', 'new.td/sa/*', '*/sa/', 'NEW.td/ns/a/sa/b'],
    /have the form/,
  ],
  ['source.principal', ['spiffe://new.td/ns/a/sa/b', 'spiffe://*'], /without spiffe/],
  ['source.principal', ['new.td/ns/*/sa/b'], /at one end only/],
  [
    'source.trustDomain',
    ['partner.td', 'partner*', '*.example', 'cluster.local'],
    /has the trust domain new.td and the aliases old.td/,
  ],
  ['source.namespace', ['new.td/ns/a', 'a b', '*/a'], /no namespace/],
  ['source.serviceAccount', ['shop/a b'], /no service account/],
  ['request.method', ['get', 'Get', 'po*', '*st'], /in capitals/],
  ['request.method', ['GET,POST', 'GET '], /no method/],
  ['destination.ip', ['10.96.0.2', '10.97.0.0/16', 'fd00::2', '192.168.0.0/16'], /no Service that the policy targets/],
  [
    'request.auth.principal',
    ['bob', 'https://idp.example/a', 'other/*', '*.example/bob', 'oth*', 'local/x/bob'],
    /form ISSUER\/SUBJECT, and tokens of https:\/\/idp.example\/a, local alone/,
  ],
]

describe('other fields', () => {
  for (const [kind, ...values] of FITTING) {
    test(`${kind} may be ${values.join(', ')}`, () => {
      for (const value of values) assert.equal(why(kind, value), undefined, value)
    })
  }

  for (const [kind, values, expected] of NEVER) {
    test(`${kind} is never ${values.join(', ')}`, () => {
      for (const value of values) assert.match(why(kind, value) ?? `${value} may fit`, expected)
    })
  }

  test('nobody knows of foreign trust domains where nobody has said what the own one is', () => {
    const unknown = { trustDomains: undefined }
    assert.equal(why('source.principal', 'partner.td/ns/a/sa/b', unknown), undefined)
    assert.equal(why('source.trustDomain', 'partner.td', unknown), undefined)
    assert.match(why('source.principal', 'partner.td/a/b', unknown) ?? '', /have the form/)
  })

  test('a mesh without aliases says so', () => {
    const alone = { trustDomains: ['new.td'] }
    assert.equal(why('source.trustDomain', 'x', alone), 'since the mesh has the trust domain new.td and no alias')
  })

  test('any issuer may be where nobody says whose tokens are verified', () => {
    assert.equal(why('request.auth.principal', 'other/*', { issuers: undefined }), undefined)
  })

  test('a policy for Pods may be about any address', () => {
    assert.equal(why('destination.ip', '10.2.0.1', { addresses: undefined }), undefined)
    assert.match(why('destination.ip', '10.2.0.1', { addresses: [] }) ?? '', /has such an address/)
  })

  test('a port is one of those that are there', () => {
    assert.equal(why('destination.port', '80', { ports: new Set([80]) }), undefined)
    assert.match(why('destination.port', '81', { ports: new Set([80]) }) ?? '', /no Service that the policy targets/)
  })
})
