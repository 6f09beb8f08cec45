import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { extension, TestCa } from '../../test/support/tls/test-ca.ts'
import { formatSpiffeId } from '../model/identity.ts'
import { createCertificate } from './ca/certificate.ts'
import { bitString, boolean, der, sequence } from './ca/der.ts'
import { decodeCredentials } from './decode-credentials.ts'
import { formatPem, splitPem } from './pem.ts'
import { describeCredentials } from './report/credential-report.ts'
import { DerReader, GENERALIZED_TIME, UTC_TIME } from './trust/der-reader.ts'

const ca = new TestCa('root')
const good = ca.issue(formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'api' }))

/** The fields of the certificate's body in DER, with `edit` in their midst; its signature is not looked at here. */
const edited = (pem: string, edit: (fields: Buffer[]) => void): string => {
  const raw = new X509Certificate(pem).raw
  const parts = split(raw)
  const fields = split(parts[0] ?? Buffer.alloc(0))
  edit(fields)
  return formatPem('CERTIFICATE', sequence(sequence(...fields), ...parts.slice(1)))
}

const split = (bytes: Buffer): Buffer[] => {
  const parts: Buffer[] = []
  const whole = new DerReader(bytes).next()
  for (const reader = new DerReader(bytes, whole); !reader.isAtEnd;) {
    const { from, end } = reader.next()
    parts.push(bytes.subarray(from, end))
  }
  return parts
}

const withEnd = (tag: number, text: string) => (fields: Buffer[]) => {
  const [notBefore = Buffer.alloc(0)] = split(fields[4] ?? Buffer.alloc(0))
  fields[4] = sequence(notBefore, der(tag, Buffer.from(text)))
}

const ends = [
  ['a thirteenth month', UTC_TIME, '271301000000Z', undefined],
  ['the thirtieth of February', UTC_TIME, '280230000000Z', undefined],
  ['words', UTC_TIME, 'hello, world!', undefined],
  ['another zone, which OpenSSL refuses in a handshake', UTC_TIME, '300101000000+0100', undefined],
  ['parts of a second', GENERALIZED_TIME, '20510101000000.5Z', undefined],
  ['a leap day', UTC_TIME, '280229120000Z', Date.UTC(2028, 1, 29, 12)],
  ['a year after 2050', GENERALIZED_TIME, '20510101000000Z', Date.UTC(2051, 0, 1)],
  ['no end that is known (RFC 5280)', GENERALIZED_TIME, '99991231235959Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
] as const

for (const [what, tag, text, notAfterMs] of ends) {
  test(`a certificate that ends at ${what} is ${notAfterMs === undefined ? 'refused' : 'taken'}`, () => {
    const certificateChainPem = edited(good.certificateChainPem, withEnd(tag, text))
    const decoded = decodeCredentials({ ...good, certificateChainPem }, Date.now())
    if (notAfterMs !== undefined) {
      assert.equal(decoded.ok && decoded.value.notAfterMs, notAfterMs)
      return
    }
    assert.ok(!decoded.ok)
    assert.match(decoded.issues[0]?.message ?? '', /a certificate cannot be read \(a time that is none\)/)
    // Nor does it end those who would show it.
    assert.deepEqual(describeCredentials({ ...good, certificateChainPem }).chain, [])
  })
}

const WORKLOAD_CONSTRAINTS = sequence()
const WORKLOAD_USAGE = bitString(Buffer.of(0x80), 7)
const CA_CONSTRAINTS = sequence(boolean(true))

const signers = [
  ['of a CA', CA_CONSTRAINTS, bitString(Buffer.of(0x84), 2)],
  ['of a CA that may sign nothing', CA_CONSTRAINTS, WORKLOAD_USAGE],
  ['that may sign certificates, of no CA', WORKLOAD_CONSTRAINTS, bitString(Buffer.of(0x84), 2)],
  ['that may sign revocation lists', WORKLOAD_CONSTRAINTS, bitString(Buffer.of(0x82), 1)],
] as const

for (const [what, constraints, usage] of signers) {
  test(`a certificate ${what} is no workload's, whatever its name says (SPIFFE X.509-SVID section 5.2)`, () => {
    const certificateChainPem = edited(good.certificateChainPem, (fields) => {
      const [, , ...others] = split(split(fields[7] ?? Buffer.alloc(0))[0] ?? Buffer.alloc(0))
      const own = [extension('2.5.29.19', constraints, true), extension('2.5.29.15', usage, true)]
      fields[7] = der(0xa3, sequence(...own, ...others))
    })
    const decoded = decodeCredentials({ ...good, certificateChainPem }, Date.now())
    assert.ok(!decoded.ok)
    assert.match(decoded.issues[0]?.message ?? '', /names no workload: it may sign/)
  })
}

test('a certificate whose lengths are not in their shortest form is refused, and shown by nobody', () => {
  const certificateChainPem = edited(good.certificateChainPem, (fields) => {
    fields[1] = Buffer.from([0x02, 0x81, 0x01, 0x05])
  })
  const decoded = decodeCredentials({ ...good, certificateChainPem }, Date.now())
  assert.ok(!decoded.ok)
  assert.match(decoded.issues[0]?.message ?? '', /not in its shortest form/)
  assert.deepEqual(describeCredentials({ ...good, certificateChainPem }).chain, [])
})

test('roots of which none signed itself are refused: OpenSSL would let nobody in', () => {
  const intermediate = new TestCa('intermediate', { parent: ca })
  const decoded = decodeCredentials({ ...good, trustRootsPem: intermediate.pem }, Date.now())
  assert.ok(!decoded.ok)
  assert.deepEqual(
    decoded.issues.map(({ path }) => path),
    ['trustRootsPem'],
  )
  assert.match(decoded.issues[0]?.message ?? '', /none of the roots signed itself/)
  assert.equal(splitPem('CERTIFICATE', intermediate.pem)?.length, 1)
})

test('a key that OpenSSL finds too weak is refused before anybody is to show it', () => {
  const keys = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const weak = {
    certificateChainPem: createCertificate({
      publicKey: keys.publicKey,
      issuer: ca.issuer,
      notBeforeMs: good.notBeforeMs,
      notAfterMs: good.notAfterMs,
      usage: { kind: 'leaf', names: [{ type: 'URI', value: good.identity }], purposes: ['serverAuth', 'clientAuth'] },
    }),
    privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  }
  const decoded = decodeCredentials({ ...good, ...weak }, Date.now())
  assert.ok(!decoded.ok)
  assert.match(decoded.issues[0]?.message ?? '', /OpenSSL does not take the certificate: ee key too small .*2048 bits/)
})
