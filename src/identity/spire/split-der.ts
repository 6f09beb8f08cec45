const SEQUENCE = 0x30

/**
 * Cuts ASN.1 DER values that stand end to end, as the Workload API sends certificates; `undefined` when the bytes are
 * no row of whole sequences (X.690 section 8.1.3, definite lengths). What is inside is for whoever reads it.
 */
export const splitDer = (bytes: Uint8Array): readonly Uint8Array[] | undefined => {
  const values: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    const end = endOfValue(bytes, at)
    if (bytes[at] !== SEQUENCE || end === undefined || end > bytes.length) return undefined
    values.push(bytes.subarray(at, end))
    at = end
  }
  return values
}

/** Where the value that begins at `at` ends; `undefined` when its length cannot be read. */
const endOfValue = (bytes: Uint8Array, at: number): number | undefined => {
  const first = bytes[at + 1]
  if (first === undefined) return undefined
  if (first < 0x80) return at + 2 + first
  const octets = first & 0x7f
  // Four octets are 4 GiB; none is the indefinite form, which DER does not have.
  if (octets === 0 || octets > 4) return undefined
  let length = 0
  for (let i = 0; i < octets; i++) {
    const octet = bytes[at + 2 + i]
    if (octet === undefined) return undefined
    length = length * 256 + octet
  }
  return at + 2 + octets + length
}
