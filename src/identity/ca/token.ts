import type { WorkloadName } from './istiod-settings.ts'

/**
 * Whom a token of Kubernetes is for, as the token itself says (claim `sub`, `system:serviceaccount:NAMESPACE:NAME`).
 * Only the CA can tell whether that is so; a request for another identity than this would be refused by some.
 */
export const accountOfToken = (token: string): WorkloadName | undefined => {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const subject = typeof claims === 'object' && claims !== null && 'sub' in claims ? claims.sub : undefined
    const [, namespace, serviceAccount] = /^system:serviceaccount:([^:/]+):([^:/]+)$/.exec(String(subject)) ?? []
    return namespace === undefined || serviceAccount === undefined ? undefined : { namespace, serviceAccount }
  } catch {
    // A token of another kind, which only its CA can read.
    return undefined
  }
}
