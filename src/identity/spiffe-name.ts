import type { X509Certificate } from 'node:crypto'
import { decodeSpiffeId, type SpiffeId } from '../model/identity.ts'

export type NamedIdentity =
  | { readonly ok: true; readonly identity: SpiffeId }
  | {
      readonly ok: false
      readonly kind: 'noIdentity' | 'severalIdentities' | 'badIdentity'
      /** For people; `it` is the certificate. */
      readonly reason: string
    }

/**
 * The SPIFFE identity of a leaf: it must carry exactly one URI name, and that must be a workload identity
 * (SPIFFE X.509-SVID section 2: exactly one URI SAN). Names of other types may stand beside it and mean nothing.
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
  if (identity !== undefined) return { ok: true, identity }
  const shown = JSON.stringify(uri.slice(0, 200))
  return refuse('badIdentity', `its URI name ${shown} is not of the form spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`)
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
