import type { Decoded, Issue } from '../lib/decoded.ts'
import type { Credentials } from './credentials.ts'
import { decodeCredentials, type CredentialTexts } from './decode-credentials.ts'

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
  const kept = decodeCredentials(before.crlPem === undefined ? others : { ...others, crlPem: before.crlPem }, nowMs)
  return kept.ok ? { ok: true, value: { credentials: kept.value, crlIssues } } : decoded
}
