import { createPublicKey, verify, type KeyObject } from 'node:crypto'

/** What a CA takes from a signing request. */
export interface SigningRequest {
  readonly publicKey: KeyObject
  /** Names of the type URI in its subjectAltName, which must be critical since there is no subject (RFC 5280 section 4.2.1.6). */
  readonly uris: readonly string[]
}

interface Element {
  readonly tag: number
  /** With its tag and length. */
  readonly whole: Buffer
  readonly body: Buffer
}

/**
 * Reads a PKCS #10 request as RFC 2986 has it, not as our own writer does; throws when it is none, or when its signature
 * is not by its key.
 */
export const readSigningRequest = (pem: string): SigningRequest => {
  const der = Buffer.from(pem.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64')
  const [request] = elementsOf(der)
  const [info, , signature] = elementsOf(request?.body)
  const [, , key, attributes] = elementsOf(info?.body)
  if (info === undefined || key === undefined || signature === undefined) throw new Error('this is no signing request')
  const publicKey = createPublicKey({ key: key.whole, format: 'der', type: 'spki' })
  // The first byte of a bit string says how many bits of the last one do not count.
  if (!verify('sha256', info.whole, publicKey, signature.body.subarray(1))) throw new Error('the signature is wrong')
  return { publicKey, uris: attributes === undefined ? [] : elementsOf(attributes.body).flatMap(urisOf) }
}

const EXTENSION_REQUEST = '2a864886f70d01090e'
const SUBJECT_ALT_NAME = '551d11'
const URI = 0x86

/** Of one attribute: its type, and a set with the extensions. */
const urisOf = (attribute: Element): readonly string[] => {
  const [type, values] = elementsOf(attribute.body)
  if (type?.body.toString('hex') !== EXTENSION_REQUEST) return []
  const [extensions] = elementsOf(values?.body)
  const names = elementsOf(extensions?.body).map((extension) => elementsOf(extension.body))
  const [found] = names.filter(([oid]) => oid?.body.toString('hex') === SUBJECT_ALT_NAME)
  if (found?.[1]?.body[0] !== 0xff) throw new Error('the subjectAltName is not critical')
  const [list] = elementsOf(found.at(-1)?.body)
  return elementsOf(list?.body)
    .filter(({ tag }) => tag === URI)
    .map(({ body }) => body.toString('latin1'))
}

/** The elements in these bytes, one after the other. */
const elementsOf = (bytes: Buffer = Buffer.alloc(0)): readonly Element[] => {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at + 1] ?? 0
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    const start = at + 2 + lengthBytes
    const end = start + (lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes))
    if (end > bytes.length) throw new Error('an element is longer than what it stands in')
    elements.push({ tag: bytes[at] ?? 0, whole: bytes.subarray(at, end), body: bytes.subarray(start, end) })
    at = end
  }
  return elements
}
