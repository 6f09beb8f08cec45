/** The messages of Envoy's external authorization, from the provider's side. */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** A message as its fields by number, each with all its values: bytes where they have a length, else numbers. */
export type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint | number)[]>

/** Reads any message, without a schema. */
export const readFields = (bytes: Uint8Array): Fields => {
  const fields = new Map<number, (Uint8Array | bigint | number)[]>()
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    const value = wireType === WireType.LengthDelimited ? reader.bytes() : BigInt(reader.int64())
    fields.set(field, [...(fields.get(field) ?? []), value])
  }
  return fields
}

const bytesIn = (message: Uint8Array, ...path: readonly number[]): Uint8Array => {
  let at = message
  for (const field of path) {
    const value = readFields(at).get(field)?.[0]
    if (!(value instanceof Uint8Array)) return new Uint8Array()
    at = value
  }
  return at
}

const textIn = (message: Uint8Array, ...path: readonly number[]): string =>
  Buffer.from(bytesIn(message, ...path)).toString()

/** What a test wants to know of a `CheckRequest`. */
export interface SeenCheck {
  readonly source: { readonly address: string; readonly principal: string }
  readonly destination: {
    readonly address: string
    readonly port: number
    readonly service: string
    readonly principal: string
  }
  readonly seconds: number
  readonly hasRequest: boolean
  readonly id: string
  readonly method: string
  readonly path: string
  readonly host: string
  readonly scheme: string
  readonly size: number
  readonly protocol: string
  readonly body: string
  readonly rawBody: string
  readonly headers: Readonly<Record<string, string>>
}

export const readCheckRequest = (bytes: Uint8Array): SeenCheck => {
  const http = bytesIn(bytes, 1, 4, 2)
  const numberIn = (message: Uint8Array, field: number): number => Number(readFields(message).get(field)?.[0] ?? 0)
  const entries = (readFields(http).get(3) ?? []).map((entry) => {
    if (!(entry instanceof Uint8Array)) throw new TypeError('a map of numbers')
    return [textIn(entry, 1), textIn(entry, 2)] as const
  })
  return {
    source: { address: textIn(bytes, 1, 1, 1, 1, 2), principal: textIn(bytes, 1, 1, 4) },
    destination: {
      address: textIn(bytes, 1, 2, 1, 1, 2),
      port: numberIn(bytesIn(bytes, 1, 2, 1, 1), 3),
      service: textIn(bytes, 1, 2, 2),
      principal: textIn(bytes, 1, 2, 4),
    },
    seconds: numberIn(bytesIn(bytes, 1, 4, 1), 1),
    hasRequest: http.length > 0,
    id: textIn(http, 1),
    method: textIn(http, 2),
    path: textIn(http, 4),
    host: textIn(http, 5),
    scheme: textIn(http, 6),
    size: numberIn(http, 9),
    protocol: textIn(http, 10),
    body: textIn(http, 11),
    rawBody: textIn(http, 12),
    headers: Object.fromEntries(entries),
  }
}

/** A `HeaderValueOption`; `append` as in `google.protobuf.BoolValue`, `action` as in `HeaderAppendAction`. */
export interface WrittenHeader {
  readonly name: string
  readonly value?: string
  readonly raw?: Buffer
  readonly append?: boolean
  readonly action?: number
}

export interface WrittenAnswer {
  /** `google.rpc.Status`; absent: it is not written. */
  readonly code?: number
  readonly ok?: {
    readonly headers?: readonly WrittenHeader[]
    readonly remove?: readonly string[]
    readonly response?: readonly WrittenHeader[]
    readonly querySet?: readonly (readonly [string, string])[]
    readonly queryRemove?: readonly string[]
  }
  readonly denied?: { readonly status?: number; readonly headers?: readonly WrittenHeader[]; readonly body?: string }
  readonly hasMetadata?: boolean
  readonly isError?: boolean
}

const writeHeader = (writer: BinaryWriter, field: number, header: WrittenHeader): void => {
  writer.tag(field, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).string(header.name)
  if (header.value !== undefined) writer.tag(2, WireType.LengthDelimited).string(header.value)
  if (header.raw !== undefined) writer.tag(3, WireType.LengthDelimited).bytes(header.raw)
  writer.join()
  if (header.append !== undefined) {
    writer.tag(2, WireType.LengthDelimited).fork()
    if (header.append) writer.tag(1, WireType.Varint).bool(true)
    writer.join()
  }
  if (header.action !== undefined) writer.tag(3, WireType.Varint).int32(header.action)
  writer.join()
}

/** A `CheckResponse`. */
export const writeCheckResponse = ({ code, ok, denied, hasMetadata, isError }: WrittenAnswer): Buffer => {
  const writer = new BinaryWriter()
  if (code !== undefined) {
    writer.tag(1, WireType.LengthDelimited).fork()
    if (code !== 0) writer.tag(1, WireType.Varint).int32(code)
    writer.join()
  }
  if (denied !== undefined) {
    writer.tag(2, WireType.LengthDelimited).fork()
    if (denied.status !== undefined) {
      writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(denied.status).join()
    }
    for (const header of denied.headers ?? []) writeHeader(writer, 2, header)
    if (denied.body !== undefined) writer.tag(3, WireType.LengthDelimited).string(denied.body)
    writer.join()
  }
  if (ok !== undefined) {
    writer.tag(3, WireType.LengthDelimited).fork()
    for (const header of ok.headers ?? []) writeHeader(writer, 2, header)
    for (const name of ok.remove ?? []) writer.tag(5, WireType.LengthDelimited).string(name)
    for (const header of ok.response ?? []) writeHeader(writer, 6, header)
    for (const [key, value] of ok.querySet ?? []) {
      writer.tag(7, WireType.LengthDelimited).fork()
      writer.tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value).join()
    }
    for (const name of ok.queryRemove ?? []) writer.tag(8, WireType.LengthDelimited).string(name)
    writer.join()
  }
  if (hasMetadata === true) writer.tag(4, WireType.LengthDelimited).bytes(Buffer.from([10, 3, 10, 1, 97]))
  if (isError === true) writer.tag(5, WireType.LengthDelimited).bytes(Buffer.alloc(0))
  return Buffer.from(writer.finish())
}
