import {
  BIT_STRING,
  BOOLEAN,
  DerReader,
  INTEGER,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  SEQUENCE,
  readObjectIdentifier,
  readTime,
} from './der-reader.ts'
import type { DerElement } from './der-reader.ts'

/** What identifies a certificate to a revocation list. Texts hold one byte a character, as it stands in the certificate. */
export interface CertificateFacts {
  readonly serial: string
  /** The whole name in DER: names are compared by their bytes (RFC 5280 section 5.1.2.3 asks for the same encoding). */
  readonly issuer: string
  readonly subject: string
}

/**
 * Serial number and names of a certificate that OpenSSL has read (`X509Certificate.raw`). Node gives names as text only,
 * which a revocation list's cannot be compared with. Throws `DerError` for what is no certificate.
 */
export const readCertificateFacts = (raw: Buffer): CertificateFacts => {
  const fields = openBody(raw)
  const serial = fields.read(INTEGER)
  fields.read(SEQUENCE)
  const issuer = fields.read(SEQUENCE)
  fields.read(SEQUENCE)
  const subject = fields.read(SEQUENCE)
  return {
    serial: raw.toString('latin1', serial.start, serial.end),
    issuer: raw.toString('latin1', issuer.from, issuer.end),
    subject: raw.toString('latin1', subject.from, subject.end),
  }
}

/**
 * From when and until when a certificate is valid. Node makes whatever is in memory of dates that are none, or are
 * written in a way that OpenSSL refuses in a handshake; this throws `DerError`.
 */
export const readValidity = (raw: Buffer): { readonly notBeforeMs: number; readonly notAfterMs: number } => {
  const fields = openBody(raw)
  fields.read(INTEGER)
  fields.read(SEQUENCE)
  fields.read(SEQUENCE)
  const dates = new DerReader(raw, fields.read(SEQUENCE))
  return { notBeforeMs: readTime(raw, dates.next()), notAfterMs: readTime(raw, dates.next()) }
}

/** The key identifier of a CA, one byte a character, that lists and certificates of its key name; absent: it has none. */
export const readSubjectKeyId = (raw: Buffer): string | undefined => {
  const value = findExtension(raw, SUBJECT_KEY_ID)
  if (value === undefined) return undefined
  const { start, end } = new DerReader(raw, value).read(OCTET_STRING)
  return raw.toString('latin1', start, end)
}

/**
 * Whether a certificate is one to sign others or lists with, by its basic constraints or its key usage: what no leaf may be
 * (SPIFFE X.509-SVID section 5.2). Node's `X509Certificate.ca` is true only where both say so. Throws `DerError`.
 */
export const isForSigning = (raw: Buffer): boolean => {
  const constraints = findExtension(raw, BASIC_CONSTRAINTS)
  const isCa = constraints && new DerReader(raw, new DerReader(raw, constraints).read(SEQUENCE)).readIf(BOOLEAN)
  if (isCa !== undefined && raw[isCa.start] !== 0) return true
  const usage = findExtension(raw, KEY_USAGE)
  if (usage === undefined) return false
  // The first byte of a BIT STRING says how many bits of its last one are not there.
  const { start, end } = new DerReader(raw, usage).read(BIT_STRING)
  return end - start > 1 && ((raw[start + 1] ?? 0) & (KEY_CERT_SIGN | CRL_SIGN)) !== 0
}

const findExtension = (raw: Buffer, wanted: string): DerElement | undefined => {
  const fields = openBody(raw)
  while (!fields.isAtEnd && fields.nextTag !== EXTENSIONS) fields.next()
  const wrapped = fields.readIf(EXTENSIONS)
  if (wrapped === undefined) return undefined
  return readExtensions(raw, new DerReader(raw, wrapped).read(SEQUENCE)).find(({ oid }) => oid === wanted)?.value
}

/** One extension of a certificate or a list; `value` is what it wraps. */
export interface Extension {
  readonly oid: string
  readonly isCritical: boolean
  readonly value: DerElement
}

/** The extensions in a SEQUENCE of them. Throws `DerError`. */
export const readExtensions = (bytes: Buffer, within: DerElement): readonly Extension[] => {
  const extensions: Extension[] = []
  for (const reader = new DerReader(bytes, within); !reader.isAtEnd;) {
    const fields = new DerReader(bytes, reader.read(SEQUENCE))
    const oid = readObjectIdentifier(bytes, fields.read(OBJECT_IDENTIFIER))
    const critical = fields.readIf(BOOLEAN)
    const value = fields.read(OCTET_STRING)
    extensions.push({ oid, isCritical: critical !== undefined && bytes[critical.start] !== 0, value })
  }
  return extensions
}

/** The fields of a certificate behind its version. */
const openBody = (raw: Buffer): DerReader => {
  const whole = new DerReader(raw, new DerReader(raw).read(SEQUENCE))
  const fields = new DerReader(raw, whole.read(SEQUENCE))
  fields.readIf(VERSION)
  return fields
}

/** `[0]` and `[3]`. */
const VERSION = 0xa0
const EXTENSIONS = 0xa3
const SUBJECT_KEY_ID = '2.5.29.14'
const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'
/** Bits of a key usage, of its first byte (RFC 5280 section 4.2.1.3). */
const KEY_CERT_SIGN = 0x04
const CRL_SIGN = 0x02
