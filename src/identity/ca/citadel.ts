/**
 * The messages of Istio's CA (`istio.v1.auth`, citadel.proto), of which we need two. Its API is what istiod, istio-csr
 * and others have in common.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** As gRPC has it in `:path`. */
export const CREATE_CERTIFICATE = '/istio.v1.auth.IstioCertificateService/CreateCertificate'

/** `IstioCertificateRequest`. */
export interface CertificateRequestMessage {
  /** PEM. */
  readonly csr: string
  readonly validitySeconds: number
  /** Strings of `metadata`, a `google.protobuf.Struct`: `CertSigner`. */
  readonly metadata: Readonly<Record<string, string>>
}

export const encodeCertificateRequest = (message: CertificateRequestMessage): Uint8Array => {
  const writer = new BinaryWriter()
  writer.tag(1, WireType.LengthDelimited).string(message.csr)
  writer.tag(3, WireType.Varint).int64(message.validitySeconds)
  const metadata = Object.entries(message.metadata)
  if (metadata.length === 0) return writer.finish()
  writer.tag(4, WireType.LengthDelimited).fork()
  for (const [key, value] of metadata) {
    // An entry of a map of `Value`s, of which field 3 is a string.
    writer.tag(1, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string(key)
    writer.tag(2, WireType.LengthDelimited).fork()
    writer.tag(3, WireType.LengthDelimited).string(value)
    writer.join().join()
  }
  return writer.join().finish()
}

/**
 * `cert_chain` of an `IstioCertificateResponse`, PEM texts: the leaf, then intermediates, the last one the roots. Throws
 * when the bytes are not of that form; fields that it does not know are skipped.
 */
export const decodeCertificateResponse = (bytes: Uint8Array): readonly string[] => {
  const chain: string[] = []
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === 1 && wireType === WireType.LengthDelimited) chain.push(reader.string())
    else reader.skip(wireType, field)
  }
  return chain
}
