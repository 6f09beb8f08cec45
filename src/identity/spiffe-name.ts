import type { X509Certificate } from 'node:crypto'
import { decodeSpiffeId, type SpiffeId } from '../model/identity.ts'
import { isForSigning } from './trust/certificate-facts.ts'
import { DerError } from './trust/der-reader.ts'

export type NamedIdentity =
  | { readonly ok: true; readonly identity: SpiffeId }
  | {
      readonly ok: false
      readonly kind: 'noIdentity' | 'severalIdentities' | 'badIdentity' | 'wrongUsage'
      /** For people; `it` is the certificate. */
      readonly reason: string
    }

/**
 * The SPIFFE identity of a leaf: it must carry exactly one URI name, and that must be a workload identity
 * (SPIFFE X.509-SVID section 2: exactly one URI SAN). Names of other types may stand beside it and mean nothing. What may sign
 * others is nobody's.
 */
export const readSpiffeName = (certificate: X509Certificate): NamedIdentity => {
  const uris = readUriNames(certificate.subjectAltName ?? '')
  if (uris === undefined) return refuse('badIdentity', 'its subject alternative names cannot be read')
  const [uri] = uris
  if (uri === undefined) return refuse('noIdentity', 'it has no URI name, so no SPIFFE identity')
  if (uris.length > 1) {
    return refuse('severalIdentities', `it has ${uris.length} URI names where exactly one is allowed`)
  }
  const identity = decodeSpiffeId(uri)
  if (identity !== undefined) return refuseSigner(certificate) ?? { ok: true, identity }
  const shown = JSON.stringify(uri.slice(0, 200))
  return refuse('badIdentity', `its URI name ${shown} is not of the form spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`)
}

/** OpenSSL lets a CA's certificate through as a leaf; ztunnel does not, and SPIFFE X.509-SVID section 5.2 forbids it. */
const refuseSigner = (certificate: X509Certificate): NamedIdentity | undefined => {
  try {
    if (!isForSigning(certificate.raw)) return undefined
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return refuse('badIdentity', `its extensions cannot be read (${error.message})`)
  }
  return refuse('wrongUsage', 'it may sign certificates or revocation lists, so it is a CA and no workload')
}

const refuse = (kind: Extract<NamedIdentity, { ok: false }>['kind'], reason: string): NamedIdentity => ({
  ok: false,
  kind,
  reason,
})

/**
 * The URI names in Node's text form of the extension, `undefined` when the text is not of that form. Node separates
 * entries by a comma and a space, and writes any value with a special character as a JSON string, so that a DNS name
 * holding `, URI:spiffe://…` stays inside its quotes (Node's answer to CVE-2021-44532). A plain split would undo that.
 */
export const readUriNames = (subjectAltName: string): readonly string[] | undefined => {
  const uris: string[] = []
  const entry = /([A-Za-z0-9 ]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))(?:, (?=.)|$)/sy
  while (entry.lastIndex < subjectAltName.length) {
    const match = entry.exec(subjectAltName)
    if (match === null) return undefined
    const [, type, quoted, plain = ''] = match
    if (type !== 'URI') continue
    const value = quoted === undefined ? plain : decodeQuoted(quoted)
    if (value === undefined) return undefined
    uris.push(value)
  }
  return uris
}

const decodeQuoted = (text: string): string | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
