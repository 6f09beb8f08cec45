import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { TestCa, extension } from '../../../test/support/tls/test-ca.ts'
import { skipWithout } from '../../../test/support/peer-process.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { der, octetString, sequence } from '../ca/der.ts'
import { formatPem } from '../pem.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { readCertificateFacts, readSubjectKeyId } from './certificate-facts.ts'
import { decodeCrls } from './crl.ts'

const ca = new TestCa('Mesh Root')
const named = (serviceAccount: string) =>
  formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'a', serviceAccount })
const [first, second] = [ca.issue(named('first')), ca.issue(named('second'))]
const factsOf = (chainPem: string) => readCertificateFacts(new X509Certificate(chainPem).raw)

const listsOf = (pem: string) => {
  const decoded = decodeCrls(pem)
  assert.ok(decoded.ok, decoded.ok ? '' : JSON.stringify(decoded.issues))
  return decoded.value
}

const whyNot = (pem: string): string => {
  const decoded = decodeCrls(pem)
  assert.ok(!decoded.ok)
  assert.ok(decoded.issues.every(({ path }) => path === 'crlPem'))
  return decoded.issues.map(({ message }) => message).join('; ')
}

test('a list names its CA and those who are revoked, in the words of certificates', () => {
  const nowMs = Math.floor(Date.now() / 1000) * 1000
  const [list] = listsOf(ca.revoke([first.certificateChainPem], { thisUpdateMs: nowMs, nextUpdateMs: nowMs + 1000 }))
  const facts = factsOf(first.certificateChainPem)
  assert.equal(list?.issuer, facts.issuer)
  assert.equal(list?.issuer, readCertificateFacts(ca.certificate.raw).subject)
  assert.equal(list?.issuerKeyId, readSubjectKeyId(ca.certificate.raw))
  assert.deepEqual([...(list?.revoked ?? [])], [facts.serial])
  assert.equal(list?.thisUpdateMs, nowMs)
  assert.equal(list?.nextUpdateMs, nowMs + 1000)
  assert.equal(list?.isSignedBy(ca.keys.publicKey), true)
  assert.equal(list?.isSignedBy(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey), false)
  assert.equal(list?.isSignedBy(generateKeyPairSync('ed25519').publicKey), false)
})

test('an empty text is no list, and a list may be empty and without a next one', () => {
  assert.deepEqual(listsOf(''), [])
  assert.deepEqual(listsOf(' \n'), [])
  const [list] = listsOf(ca.revoke([], { nextUpdateMs: null, keyId: null }))
  assert.equal(list?.revoked.size, 0)
  assert.equal(list?.nextUpdateMs, undefined)
  assert.equal(list?.issuerKeyId, undefined)
})

test('several lists in one text, with comments between them', () => {
  const other = new TestCa('Other')
  const text = `# ours\n${ca.revoke([first.certificateChainPem])}\n# theirs\n${other.revoke([])}`
  assert.deepEqual(
    listsOf(text).map(({ revoked }) => revoked.size),
    [1, 0],
  )
})

const indirect = extension('2.5.29.28', sequence(der(0x84, Buffer.of(0xff))), true)
const partial = extension('2.5.29.28', sequence(der(0x81, Buffer.of(0xff))), true)

describe('what is read', () => {
  const good = {
    'a part of what the CA revoked': ca.revoke([first.certificateChainPem], { extensions: [partial] }),
    'an unknown extension that is not critical': ca.revoke([], { extensions: [extension('1.2.3.4', sequence())] }),
    'a reason for each entry': ca.revoke([first.certificateChainPem], {
      entryExtensions: [extension('2.5.29.21', der(0x0a, Buffer.of(1)))],
    }),
    'a date after 2049': ca.revoke([], { nextUpdateMs: Date.UTC(2060, 0, 1) }),
  }
  for (const [what, pem] of Object.entries(good)) test(what, () => assert.equal(listsOf(pem).length, 1))
})

/** A list with its bytes changed. */
const edited = (pem: string, edit: (bytes: Buffer) => Buffer): string => formatPem('X509 CRL', edit(bytesOf(pem)))

const bytesOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]*-----|\n/g, ''), 'base64')

const serialOf = (pem: string): Buffer => Buffer.from(factsOf(pem).serial, 'latin1')

describe('what is refused', () => {
  const whole = ca.revoke([first.certificateChainPem])
  const bad: Readonly<Record<string, readonly [pem: string, why: RegExp]>> = {
    'text that is no PEM': ['nothing', /no revocation list found/],
    'a certificate in its place': [ca.pem, /cut off, or something else/],
    'a certificate beside it': [whole + ca.pem, /cut off, or something else/],
    'a list that is cut off': [whole.slice(0, -30), /cut off/],
    'a second list that is cut off': [whole + whole.slice(0, 100), /cut off/],
    'bytes behind its end': [edited(whole, (bytes) => Buffer.concat([bytes, Buffer.of(5, 0)])), /bytes behind its end/],
    'a signature of another kind than it says': [
      // The name of the algorithm that is not signed is the last one: SHA-384 in place of SHA-256.
      edited(whole, (bytes) => {
        bytes[bytes.lastIndexOf(Buffer.from('2a8648ce3d040302', 'hex')) + 7] = 3
        return bytes
      }),
      /two signature algorithms/,
    ],
    'no DER': [formatPem('X509 CRL', Buffer.from('hello')), /list 1 of 1 cannot be read/],
    'a delta list': [ca.revoke([], { extensions: [extension('2.5.29.27', Buffer.of(2, 1, 1), true)] }), /delta list/],
    'an indirect list': [ca.revoke([], { extensions: [indirect] }), /indirect list/],
    'a critical extension that nobody knows': [
      ca.revoke([], { extensions: [extension('1.2.3.4', sequence(), true)] }),
      /critical extension 1\.2\.3\.4/,
    ],
    "a serial number that is longer than it need be, and would be nobody's": [
      edited(whole, (bytes) => {
        // Of 16 bytes the first two.
        const at = bytes.indexOf(serialOf(first.certificateChainPem))
        bytes.fill(0, at, at + 2)
        return bytes
      }),
      /serial number that is not in its shortest form/,
    ],
    'an entry of another CA': [
      ca.revoke([first.certificateChainPem], { entryExtensions: [extension('2.5.29.29', sequence(), true)] }),
      /critical extension 2\.5\.29\.29/,
    ],
  }
  for (const [what, [pem, why]] of Object.entries(bad)) test(what, () => assert.match(whyNot(pem), why))
})

test('bytes that were changed anywhere are refused, or are signed by nobody', () => {
  const bytes = bytesOf(ca.revoke([first.certificateChainPem, second.certificateChainPem]))
  const random = seededRandom(7)
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ (1 + random.below(255))
    const decoded = decodeCrls(formatPem('X509 CRL', changed))
    if (!decoded.ok) continue
    assert.equal(decoded.value[0]?.isSignedBy(ca.keys.publicKey), false, `byte ${at}`)
  }
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeCrls(formatPem('X509 CRL', bytes.subarray(0, length))).ok, false, `${length} bytes`)
  }
  for (let i = 0; i < 500; i++) decodeCrls(formatPem('X509 CRL', randomBytes(1 + (i % 60))))
})

test('elements that are deep, long or indefinite end nothing', () => {
  let deep: Buffer = octetString(Buffer.alloc(0))
  for (let i = 0; i < 5000; i++) deep = sequence(deep)
  for (const bytes of [deep, Buffer.of(0x30, 0x80, 0, 0), Buffer.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff)]) {
    assert.equal(decodeCrls(formatPem('X509 CRL', bytes)).ok, false)
  }
})

describe('with OpenSSL', { skip: skipWithout('openssl', 'version') }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'fairway-crl-'))
  after(() => rmSync(dir, { recursive: true, force: true }))
  const openssl = (...args: readonly string[]): string =>
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] }).toString()
  const put = (name: string, text: string): void => writeFileSync(join(dir, name), text)

  test('it verifies the lists that these tests are made with', () => {
    put('ca.pem', ca.pem)
    put('list.pem', ca.revoke([first.certificateChainPem]))
    openssl('crl', '-in', 'list.pem', '-CAfile', 'ca.pem', '-noout')
    const serial = new X509Certificate(first.certificateChainPem).serialNumber
    assert.ok(openssl('crl', '-in', 'list.pem', '-text', '-noout').includes(`Serial Number: ${serial}`))
  })

  for (const [what, keyArgs] of [
    ['RSA', ['-newkey', 'rsa:2048']],
    ['P-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['Ed25519', ['-newkey', 'ed25519']],
  ] as const) {
    test(`a list that it writes with ${what} is read, and its signature fits`, () => {
      const name = what.toLowerCase()
      const subject = ['-subj', '/O=Mesh/CN=Root é']
      openssl(
        'req',
        '-x509',
        ...keyArgs,
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
        ...subject,
        '-utf8',
      )
      put('index.txt', `R\t300101000000Z\t261121000000Z,keyCompromise\t0ABC\tunknown\t/CN=x\n`)
      put('crlnumber', '01\n')
      put(
        'ca.cnf',
        '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha384\ncrl_extensions=x\n[x]\nauthorityKeyIdentifier=keyid:always\n',
      )
      const signer = ['-keyfile', `${name}.key`, '-cert', `${name}.pem`]
      openssl('ca', '-gencrl', '-config', 'ca.cnf', ...signer, '-crldays', '30', '-out', `${name}.crl`)
      const [list] = listsOf(readFileSync(join(dir, `${name}.crl`), 'utf8'))
      const root = new X509Certificate(readFileSync(join(dir, `${name}.pem`)))
      assert.equal(list?.issuer, readCertificateFacts(root.raw).subject)
      assert.equal(list?.issuerKeyId, readSubjectKeyId(root.raw))
      assert.deepEqual([...(list?.revoked ?? [])], ['\x0a\xbc'])
      assert.equal(list?.isSignedBy(root.publicKey), true)
      assert.equal(list?.isSignedBy(ca.keys.publicKey), false)
    })
  }
})
