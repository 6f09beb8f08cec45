/**
 * `spiffe://TD/ns/NS/sa/SA`, checked. Made only by `decodeSpiffeId` in this file.
 * Source: SPIFFE ID specification; the five-segment form is what ztunnel accepts.
 */
export type SpiffeId = string & { readonly __brand: 'SpiffeId' }

export interface SpiffeParts {
  readonly trustDomain: string
  readonly namespace: string
  readonly serviceAccount: string
}

const SPIFFE = /^spiffe:\/\/([a-z0-9._-]{1,255})\/ns\/([A-Za-z0-9._-]{1,253})\/sa\/([A-Za-z0-9._-]{1,253})$/

/** Reads the three parts of a workload identity; `undefined` when the text is not exactly of that form. */
export const parseSpiffeId = (text: string): SpiffeParts | undefined => {
  const match = SPIFFE.exec(text)
  if (match === null) return undefined
  const [, trustDomain = '', namespace = '', serviceAccount = ''] = match
  // SPIFFE ID section 2.2: no segment of a path is one that changes the path.
  if (/^\.\.?$/.test(namespace) || /^\.\.?$/.test(serviceAccount)) return undefined
  return { trustDomain, namespace, serviceAccount }
}

/** The text as a `SpiffeId`, or `undefined` when it is none. */
export const decodeSpiffeId = (text: string): SpiffeId | undefined =>
  parseSpiffeId(text) === undefined ? undefined : (text as SpiffeId)

/** Writes an identity from its parts. */
export const formatSpiffeId = (parts: SpiffeParts): SpiffeId =>
  `spiffe://${parts.trustDomain}/ns/${parts.namespace}/sa/${parts.serviceAccount}` as SpiffeId
