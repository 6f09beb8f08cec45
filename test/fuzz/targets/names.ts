import assert from 'node:assert/strict'
import { X509Certificate, generateKeyPairSync } from 'node:crypto'
import { type SubjectName, createCertificate } from '../../../src/identity/ca/certificate.ts'
import { readSpiffeName, readUriNames } from '../../../src/identity/spiffe-name.ts'
import { decodeSpiffeId, formatSpiffeId, parseSpiffeId } from '../../../src/model/identity.ts'
import { textMutator } from '../mutate/text.ts'
import type { FuzzTarget } from '../engine/target.ts'

const KEYS = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const MAX_NAMES = 8

/**
 * Names of a certificate, one in a line: `D` in front makes a DNS name, anything else a URI. A real certificate is made
 * with them, and out of Node's text form of it come exactly the URIs; the text itself is also read as if it were that.
 */
export const namesTarget: FuzzTarget = {
  name: 'names',
  format: 'text',
  maxInputBytes: 1024,
  shortRounds: 200,
  seeds: () =>
    [
      'spiffe://cluster.local/ns/shop/sa/web',
      'Dapi.shop, URI:spiffe://cluster.local/ns/a/sa/b\nspiffe://cluster.local/ns/shop/sa/web',
      'Da"b\\c\nspiffe://td/ns/a/sa/b\nhttp://x',
    ].map((text) => Buffer.from(text)),
  mutate: textMutator([
    ...['spiffe://', 'cluster.local', '/ns/', '/sa/', 'D', '\n', ', ', 'URI:', 'DNS:', '"', '\\', "'", '\\u0022', '\0'],
    ...['\xe9', '..', '%2f', ':', '\r'],
  ]),
  check,
}

function check(input: Buffer): string {
  const text = input.toString('latin1')
  readUriNames(text)
  const lines = text === '' ? [] : text.split('\n').slice(0, MAX_NAMES)
  const names = lines.map((line): SubjectName =>
    line.startsWith('D') ? { type: 'DNS', value: line.slice(1) } : { type: 'URI', value: line },
  )
  const uris = names.filter(({ type }) => type === 'URI').map(({ value }) => value)
  const certificate = certify(names)
  assert.deepEqual(readUriNames(certificate.subjectAltName ?? ''), uris)
  const read = readSpiffeName(certificate)
  assert.equal(read.ok, uris.length === 1 && decodeSpiffeId(uris[0] ?? '') !== undefined)
  for (const uri of uris) {
    const parts = parseSpiffeId(uri)
    if (parts !== undefined) assert.equal(formatSpiffeId(parts), uri)
  }
  return read.ok ? 'identity' : read.reason.replace(/".*"|\d+/g, '')
}

function certify(names: readonly SubjectName[]): X509Certificate {
  const pem = createCertificate({
    publicKey: KEYS.publicKey,
    issuer: { commonName: 'fuzz', ...KEYS },
    notBeforeMs: 0,
    notAfterMs: 1e12,
    usage: { kind: 'leaf', names, purposes: ['clientAuth'] },
  })
  return new X509Certificate(pem)
}
