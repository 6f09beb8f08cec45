import type { Decoded, Issue } from '../lib/decoded.ts'
import type { Credentials } from './credentials.ts'
import { decodeCredentials, type CredentialTexts } from './decode-credentials.ts'
import { splitPem } from './pem.ts'
import { decodeCrls } from './trust/crl.ts'
import { readTrustRoots, type TrustRoot } from './trust/trust-root.ts'

export interface NextCredentials {
  readonly credentials: Credentials
  /** Why the new revocation lists were refused; those before them stay, and everything else is new. */
  readonly crlIssues: readonly Issue[]
}

/**
 * Checks the texts of a set that is to take over from `before` (`undefined`: there is none). Revocation lists that cannot
 * be used do not hold back a certificate: it would run out while somebody mends a list.
 */
export const decodeNextCredentials = (
  texts: CredentialTexts,
  before: Credentials | undefined,
  nowMs: number,
): Decoded<NextCredentials> => {
  const decoded = decodeCredentials(texts, nowMs)
  if (decoded.ok) return { ok: true, value: { credentials: decoded.value, crlIssues: [] } }
  const crlIssues = decoded.issues.filter((issue) => issue.path === 'crlPem')
  if (before === undefined || crlIssues.length === 0) return decoded
  const { crlPem: _, ...others } = texts
  for (const crlPem of [before.crlPem, withoutGone(before, texts.trustRootsPem)]) {
    const kept = decodeCredentials(crlPem === undefined ? others : { ...others, crlPem }, nowMs)
    if (kept.ok) return { ok: true, value: { credentials: kept.value, crlIssues } }
  }
  return decoded
}

/**
 * The lists in force less those of roots that are gone: they are about nobody who is trusted, and where another root has
 * the name, as it is with istiod's, would be taken for forged ones of that.
 */
const withoutGone = ({ crlPem = '', trustRootsPem }: Credentials, nextRootsPem: string): string | undefined => {
  const [roots, nextRoots] = [readTrustRoots(trustRootsPem), readTrustRoots(nextRootsPem)]
  const kept = (splitPem('X509 CRL', crlPem) ?? []).filter((pem) => {
    const list = decodeCrls(pem)
    const isBy = ({ publicKey }: TrustRoot): boolean => list.ok && list.value.some((one) => one.isSignedBy(publicKey))
    return !roots.some(isBy) || nextRoots.some(isBy)
  })
  return kept.length === 0 ? undefined : kept.map((pem) => `${pem}\n`).join('')
}
