/** Writes one PEM block (RFC 7468); `label` is the word between the dashes (`CERTIFICATE`, `X509 CRL`). */
export const formatPem = (label: string, der: Uint8Array): string => {
  const text = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64')
  return `-----BEGIN ${label}-----\n${text.replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`
}

/**
 * The blocks of a PEM text that have this label, in order; what stands between blocks means nothing. `undefined` when
 * one of them is cut off: what is left of a file that is being written must not be taken for all of it.
 */
export const splitPem = (label: string, pem: string): readonly string[] | undefined => {
  const blocks = pem.match(new RegExp(`-----BEGIN ${label}-----[^-]*-----END ${label}-----`, 'g')) ?? []
  const begun = pem.split(`-----BEGIN ${label}-----`).length - 1
  return begun === blocks.length ? blocks : undefined
}
