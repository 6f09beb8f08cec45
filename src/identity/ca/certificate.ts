import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto'
import {
  bitString,
  boolean,
  der,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts'
import { formatPem } from '../pem.ts'

/** What a certificate says; signed with ECDSA and SHA-256 (the issuer's key must be an EC key). */
export interface CertificateRequest {
  readonly publicKey: KeyObject
  readonly issuer: CertificateIssuer
  /** Common name; `undefined` leaves the subject empty, as SPIFFE leaves do. */
  readonly commonName?: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly usage: CertificateUsage
}

/** Who signs: `commonName` must be that of the issuer's own certificate, `publicKey` its key for the key identifier. */
export interface CertificateIssuer {
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export type CertificateUsage =
  | { readonly kind: 'root' }
  | {
      readonly kind: 'leaf'
      /** Subject alternative names in the order given; an empty list leaves the extension out. */
      readonly names: readonly SubjectName[]
      /** Extended key usages: what the key may be presented for. */
      readonly purposes: readonly ('serverAuth' | 'clientAuth')[]
    }

export interface SubjectName {
  /** `IP` is IPv4, dotted. */
  readonly type: 'URI' | 'DNS' | 'IP'
  readonly value: string
}

/**
 * Writes and signs an X.509 v3 certificate (RFC 5280; the shape of leaves: SPIFFE X.509-SVID sections 2 to 4), as PEM.
 * It judges nothing: tests use it to make the bad ones too.
 */
export const createCertificate = (request: CertificateRequest): string => {
  const { publicKey, issuer } = request
  const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'))
  const body = sequence(
    der(0xa0, integer(Buffer.of(2))),
    // 127 random bits: unique without a register, and positive (RFC 5280 section 4.1.2.2).
    integer(randomBytes(16).map((byte, i) => (i === 0 ? byte & 0x7f : byte))),
    algorithm,
    formatName(issuer.commonName),
    sequence(time(request.notBeforeMs), time(request.notAfterMs)),
    formatName(request.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...formatExtensions(request))),
  )
  return formatPem('CERTIFICATE', sequence(body, algorithm, bitString(sign('sha256', body, issuer.privateKey))))
}

const formatName = (commonName: string | undefined): Buffer =>
  commonName === undefined ? sequence() : sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(commonName))))

const formatExtensions = ({ usage, publicKey, issuer }: CertificateRequest): Buffer[] => {
  const identifiers = [
    extension('2.5.29.14', octetString(keyIdentifier(publicKey))),
    extension('2.5.29.35', sequence(der(0x80, keyIdentifier(issuer.publicKey)))),
  ]
  if (usage.kind === 'root') {
    // keyCertSign and cRLSign are bits 5 and 6.
    const keyUsage = critical('2.5.29.15', bitString(Buffer.of(0x06), 1))
    return [critical('2.5.29.19', sequence(boolean(true))), keyUsage, ...identifiers]
  }
  const purposes = usage.purposes.map((purpose) => objectIdentifier(purposeOids[purpose]))
  const names = usage.names.map(formatSubjectName)
  return [
    critical('2.5.29.19', sequence()),
    critical('2.5.29.15', bitString(Buffer.of(0x80), 7)),
    extension('2.5.29.37', sequence(...purposes)),
    // Critical because the subject is empty (RFC 5280 section 4.2.1.6).
    ...(names.length === 0 ? [] : [critical('2.5.29.17', sequence(...names))]),
    ...identifiers,
  ]
}

/** RFC 5280 section 4.2.1.6, GeneralName. */
const formatSubjectName = ({ type, value }: SubjectName): Buffer => {
  if (type === 'IP') return der(0x87, Buffer.from(value.split('.').map(Number)))
  return der(type === 'URI' ? 0x86 : 0x82, Buffer.from(value, 'latin1'))
}

const purposeOids = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const

const extension = (oid: string, value: Buffer): Buffer => sequence(objectIdentifier(oid), octetString(value))

const critical = (oid: string, value: Buffer): Buffer =>
  sequence(objectIdentifier(oid), boolean(true), octetString(value))

/** Any stable digest of the key will do (RFC 7093 section 2); 20 bytes of SHA-256 over the whole SPKI. */
const keyIdentifier = (key: KeyObject): Buffer =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)
