import { BinaryReader, type WireType } from '@bufbuild/protobuf/wire'

type Take = (field: number, reader: BinaryReader, wire: WireType) => void

/** Reads each field of a message; `take` reads those that it knows. */
export const read = (bytes: Uint8Array, take: Take): void => {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag()
    const before = reader.pos
    take(field, reader, wire)
    if (reader.pos === before) reader.skip(wire, field)
  }
}

/** An id. */
export const hex = (reader: BinaryReader): string => Buffer.from(reader.bytes()).toString('hex')

/** Reads a `KeyValue` into an object. */
export const readAttribute = (bytes: Uint8Array, into: Record<string, unknown>): void => {
  let key = ''
  let value: unknown
  read(bytes, (field, reader) => {
    if (field === 1) key = reader.string()
    else if (field === 2) value = readValue(reader.bytes())
  })
  into[key] = value
}

/** Reads an `AnyValue` of one of the simple kinds. */
export const readValue = (bytes: Uint8Array): unknown => {
  let value: unknown
  read(bytes, (field, reader) => {
    if (field === 1) value = reader.string()
    else if (field === 2) value = reader.bool()
    else if (field === 3) value = Number(reader.int64())
    else if (field === 4) value = reader.double()
  })
  return value
}
