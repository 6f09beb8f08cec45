import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatSpiffeId } from '../model/identity.ts'
import { TestCa } from '../../test/support/tls/test-ca.ts'
import { decodeNextCredentials } from './decode-next-credentials.ts'

const ca = new TestCa('root')
const identity = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'api' })
const next = ca.issue(identity)
const other = ca.issue(identity)
const crlPem = ca.revoke([other.certificateChainPem])
const before = { ...ca.issue(identity), crlPem }
const nowMs = Date.now()

// As istiod's roots, which all have one name; and lists as `openssl ca -gencrl` makes them, which name no key.
const gone = new TestCa('root')
const both = ca.pem + gone.pem
const oldList = gone.revoke([], { keyId: null })
const lists = `${oldList}${ca.revoke([other.certificateChainPem], { keyId: null })}`
const ofBoth = { ...ca.issue(identity, { trustRootsPem: both }), crlPem: lists }

const cases: readonly {
  readonly what: string
  readonly texts: Parameters<typeof decodeNextCredentials>[0]
  readonly before: typeof before | undefined
  /** The lists in force afterwards; `refused`: nothing is new. */
  readonly crlPem: string | undefined
  readonly paths: readonly string[]
}[] = [
  { what: 'a good set', texts: { ...next, crlPem }, before: undefined, crlPem, paths: [] },
  { what: 'a set without lists', texts: next, before, crlPem: undefined, paths: [] },
  { what: 'bad lists', texts: { ...next, crlPem: 'x' }, before, crlPem, paths: ['crlPem'] },
  {
    what: 'bad lists at first',
    texts: { ...next, crlPem: 'x' },
    before: undefined,
    crlPem: 'refused',
    paths: ['crlPem'],
  },
  {
    what: 'the key of another',
    texts: { ...next, privateKeyPem: other.privateKeyPem },
    before,
    crlPem: 'refused',
    paths: ['privateKeyPem'],
  },
  {
    what: 'a set without a root whose list is still there',
    texts: { ...next, crlPem: lists },
    before: ofBoth,
    crlPem: lists.slice(oldList.length),
    paths: ['crlPem'],
  },
  {
    what: 'a set with a list that its CA did not sign, at first',
    texts: { ...next, crlPem: oldList },
    before: undefined,
    crlPem: 'refused',
    paths: ['crlPem'],
  },
]

for (const { what, texts, before: inForce, crlPem: expected, paths } of cases) {
  test(`${what} ${expected === 'refused' ? 'is refused' : 'takes over'}`, () => {
    const decoded = decodeNextCredentials(texts, inForce, nowMs)
    const issues = decoded.ok ? decoded.value.crlIssues : decoded.issues
    assert.deepEqual(
      issues.map((issue) => issue.path),
      paths,
    )
    assert.equal(decoded.ok, expected !== 'refused')
    if (!decoded.ok) return
    assert.equal(decoded.value.credentials.privateKeyPem, next.privateKeyPem)
    assert.equal(decoded.value.credentials.crlPem, expected)
  })
}
