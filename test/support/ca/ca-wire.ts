/** The messages of `istio.v1.auth.IstioCertificateService`, from the server's side. */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

export interface CertificateRequest {
  readonly csr: string
  readonly validitySeconds: number
  /** The strings of its `metadata`. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Reads an `IstioCertificateRequest`. */
export const readCertificateRequest = (bytes: Uint8Array): CertificateRequest => {
  const request = { csr: '', validitySeconds: 0, metadata: {} as Record<string, string> }
  eachField(bytes, (field, reader) => {
    if (field === 1) request.csr = reader.string()
    else if (field === 3) request.validitySeconds = Number(reader.int64())
    else if (field === 4) {
      eachField(reader.bytes(), (_, entry) => {
        Object.assign(request.metadata, readEntry(entry.bytes()))
        return true
      })
    } else return false
    return true
  })
  return request
}

/** Writes an `IstioCertificateResponse`. */
export const writeCertificateResponse = (chain: readonly string[]): Buffer => {
  const writer = new BinaryWriter()
  for (const pem of chain) writer.tag(1, WireType.LengthDelimited).string(pem)
  return Buffer.from(writer.finish())
}

/** One entry of a `google.protobuf.Struct`. */
const readEntry = (bytes: Uint8Array): Record<string, string> => {
  let [key, value] = ['', '']
  eachField(bytes, (field, reader) => {
    if (field === 1) key = reader.string()
    else {
      eachField(reader.bytes(), (kind, inner) => {
        if (kind !== 3) return false
        value = inner.string()
        return true
      })
    }
    return true
  })
  return { [key]: value }
}

/** `read` says whether it took the field; others are skipped. */
const eachField = (bytes: Uint8Array, read: (field: number, reader: BinaryReader) => boolean): void => {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (!read(field, reader)) reader.skip(wireType, field)
  }
}
