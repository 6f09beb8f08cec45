import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createCertificate } from './certificate.ts'
import { der, integer, objectIdentifier, time } from './der.ts'

const makeKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

test('a root signs itself, and a leaf verifies against it', () => {
  const rootKeys = makeKeys()
  const leafKeys = makeKeys()
  const issuer = { commonName: 'Root', ...rootKeys }
  const dates = { notBeforeMs: Date.UTC(2025, 0, 1), notAfterMs: Date.UTC(2025, 0, 2) }
  const root = new X509Certificate(
    createCertificate({ publicKey: rootKeys.publicKey, issuer, commonName: 'Root', ...dates, usage: { kind: 'root' } }),
  )
  const uri = 'spiffe://a/ns/b/sa/c'
  const usage = { kind: 'leaf', names: [{ type: 'URI', value: uri }], purposes: ['clientAuth'] } as const
  const leaf = new X509Certificate(createCertificate({ publicKey: leafKeys.publicKey, issuer, ...dates, usage }))
  assert.equal(root.ca, true)
  assert.equal(root.verify(rootKeys.publicKey), true)
  assert.equal(root.subject, 'CN=Root')
  assert.equal(leaf.ca, false)
  assert.equal(leaf.checkIssued(root), true)
  assert.equal(leaf.verify(rootKeys.publicKey), true)
  assert.equal(leaf.checkPrivateKey(leafKeys.privateKey), true)
  assert.equal(leaf.subject, undefined)
  assert.equal(leaf.subjectAltName, `URI:${uri}`)
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  assert.equal(leaf.validFromDate.getTime(), dates.notBeforeMs)
  assert.equal(leaf.validToDate.getTime(), dates.notAfterMs)
})

test('serial numbers are positive and differ', () => {
  const keys = makeKeys()
  const serials = Array.from({ length: 50 }, () => {
    const pem = createCertificate({
      publicKey: keys.publicKey,
      issuer: { commonName: 'Root', ...keys },
      notBeforeMs: 0,
      notAfterMs: 1000,
      usage: { kind: 'root' },
    })
    return new X509Certificate(pem).serialNumber
  })
  assert.equal(new Set(serials).size, 50)
  for (const serial of serials) assert.doesNotMatch(serial, /^-/)
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('lengths take the shortest form', () => {
  assert.equal(hex(der(4, Buffer.alloc(127))).slice(0, 4), '047f')
  assert.equal(hex(der(4, Buffer.alloc(128))).slice(0, 6), '048180')
  assert.equal(hex(der(4, Buffer.alloc(65_536))).slice(0, 10), '0483010000')
})

test('integers drop leading zeros and stay positive', () => {
  assert.equal(hex(integer(Buffer.of(0))), '020100')
  assert.equal(hex(integer(Buffer.of(0, 0, 0x7f))), '02017f')
  assert.equal(hex(integer(Buffer.of(0x80))), '02020080')
})

test('object identifiers use base 128', () => {
  assert.equal(hex(objectIdentifier('1.2.840.10045.4.3.2')), '06082a8648ce3d040302')
  assert.equal(hex(objectIdentifier('2.5.29.17')), '0603551d11')
})

test('times change their form in 2050', () => {
  assert.equal(time(Date.UTC(2049, 11, 31, 23, 59, 59, 999)).toString('latin1', 2), '491231235959Z')
  assert.equal(time(Date.UTC(2050, 0, 1)).toString('latin1', 2), '20500101000000Z')
})
