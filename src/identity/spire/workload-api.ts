/**
 * The messages of the SPIFFE Workload API's X.509 profile (SPIFFE Workload API section 5.1). Every message holds the full
 * set, and what is absent has been taken back (section 4.4).
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/** `SpiffeWorkloadAPI/FetchX509SVID` as gRPC has it in `:path`: the service stands in no package. */
export const FETCH_X509_SVID = '/SpiffeWorkloadAPI/FetchX509SVID'

/** One identity with all that belongs to it; the bytes are ASN.1 DER. */
export interface X509Svid {
  readonly spiffeId: string
  /** Leaf first, then intermediates, end to end. */
  readonly chain: Uint8Array
  /** PKCS#8, not encrypted. */
  readonly key: Uint8Array
  /** The roots of its trust domain, end to end. */
  readonly bundle: Uint8Array
  /** What the operator says that this identity is for; empty: nothing. */
  readonly hint: string
}

export interface X509SvidResponse {
  /** The first one is the identity to be used where none is asked for (section 5.3). */
  readonly svids: readonly X509Svid[]
  readonly crls: readonly Uint8Array[]
  /** Roots by the SPIFFE ID of their trust domain (`spiffe://example.org`). */
  readonly federatedBundles: ReadonlyMap<string, Uint8Array>
}

/** Reads a `X509SVIDResponse`; throws when the bytes are not of that form. Fields that it does not know are skipped. */
export const decodeX509SvidResponse = (bytes: Uint8Array): X509SvidResponse => {
  const svids: X509Svid[] = []
  const crls: Uint8Array[] = []
  const federatedBundles = new Map<string, Uint8Array>()
  eachField(bytes, (field, value) => {
    if (field === 1) svids.push(decodeSvid(value))
    else if (field === 2) crls.push(value)
    else if (field === 3) federatedBundles.set(...decodeMapEntry(value))
  })
  return { svids, crls, federatedBundles }
}

const decodeSvid = (bytes: Uint8Array): X509Svid => {
  const svid = { spiffeId: '', chain: NOTHING, key: NOTHING, bundle: NOTHING, hint: '' }
  eachField(bytes, (field, value) => {
    if (field === 1) svid.spiffeId = decodeText(value)
    else if (field === 2) svid.chain = value
    else if (field === 3) svid.key = value
    else if (field === 4) svid.bundle = value
    else if (field === 5) svid.hint = decodeText(value)
  })
  return svid
}

const decodeMapEntry = (bytes: Uint8Array): [string, Uint8Array] => {
  let key = ''
  let bundle = NOTHING
  eachField(bytes, (field, value) => {
    if (field === 1) key = decodeText(value)
    else if (field === 2) bundle = value
  })
  return [key, bundle]
}

/** All fields of these messages are texts, bytes or messages, which look alike on the wire; others are not ours. */
const eachField = (bytes: Uint8Array, visit: (field: number, value: Uint8Array) => void): void => {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (wireType === WireType.LengthDelimited) visit(field, reader.bytes())
    else reader.skip(wireType, field)
  }
}

const decodeText = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes)

const NOTHING: Uint8Array = new Uint8Array()
