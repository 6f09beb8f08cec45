/** What half of a request principal may be. */
export type HalfPattern =
  /** Whatever is there and not empty. */
  { readonly kind: 'any' } | { readonly kind: 'exact' | 'beginning' | 'end'; readonly text: string }

/** Which tokens a value of `requestPrincipals` fits. */
export interface RequestPrincipalPattern {
  readonly issuer: HalfPattern
  readonly subject: HalfPattern
}

const any: HalfPattern = { kind: 'any' }
const exact = (text: string): HalfPattern => ({ kind: 'exact', text })

/**
 * Reads `ISSUER/SUBJECT`: what each half may be is decided apart, as Istio does it (`requestPrincipalGenerator`). Issuers are
 * URLs, so the last slash is the one between the two.
 */
export const parseRequestPrincipal = (pattern: string): RequestPrincipalPattern => {
  const slash = pattern.lastIndexOf('/')
  const [issuer, subject] = slash === -1 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)]
  if (pattern === '*') return { issuer: any, subject: any }
  if (pattern.startsWith('*')) {
    return slash === -1
      ? { issuer: any, subject: { kind: 'end', text: pattern.slice(1) } }
      : { issuer: issuer === '*' ? any : { kind: 'end', text: issuer.slice(1) }, subject: exact(subject) }
  }
  if (pattern.endsWith('*')) {
    return slash === -1
      ? { issuer: { kind: 'beginning', text: pattern.slice(0, -1) }, subject: any }
      : {
          issuer: exact(issuer),
          subject: subject === '*' ? any : { kind: 'beginning', text: subject.slice(0, -1) },
        }
  }
  return { issuer: exact(issuer), subject: exact(subject) }
}

/** Whether a half fits; one that is absent fits nothing. */
export const fitsHalf = (pattern: HalfPattern, text: string | undefined): boolean => {
  if (text === undefined) return false
  switch (pattern.kind) {
    case 'any':
      return text !== ''
    case 'exact':
      return text === pattern.text
    case 'beginning':
      return text.startsWith(pattern.text)
    case 'end':
      return text.endsWith(pattern.text)
  }
}
