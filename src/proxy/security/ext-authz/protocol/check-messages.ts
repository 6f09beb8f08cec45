/**
 * The messages of Envoy's external authorization (`envoy.service.auth.v3`: external_auth.proto, attribute_context.proto),
 * as far as they are used. It loads protobuf's wire format: import it when it is first needed.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { HeaderList } from '../../../../http/header-list.ts'
import { fromUtf8, toUtf8 } from './field-text.ts'
import type { Question, QuestionRequest } from './question.ts'
import type { FieldAction, FieldChange, RequestChanges, Verdict } from './verdict.ts'

/** How the message is filled in. */
export interface CheckOptions {
  /** Whether a field of the request is shown; its name is in lower case. */
  readonly shows: (name: string) => boolean
  readonly addedHeaders: readonly (readonly [name: string, value: string])[]
  /** The body goes into `raw_body`. */
  readonly asBytes: boolean
}

/** A `CheckRequest`. */
export const encodeCheckRequest = (question: Question, options: CheckOptions): Uint8Array => {
  const { source, destination, sni, request } = question
  const writer = new BinaryWriter()
  open(writer, 1)
  writePeer(writer, 1, { principal: source.principal, address: source.address, port: 0, service: undefined })
  writePeer(writer, 2, { ...destination, service: destination.hostname })
  open(writer, 4)
  writeTimestamp(writer, question.startedAtMs)
  if (request !== undefined) writeRequest(writer, request, options)
  writer.join()
  if (sni !== undefined) {
    open(writer, 12)
    text(writer, 1, sni)
    writer.join()
  }
  return writer.join().finish()
}

const open = (writer: BinaryWriter, field: number): BinaryWriter => writer.tag(field, WireType.LengthDelimited).fork()

/** The default is not written, as proto3 has it. */
const text = (writer: BinaryWriter, field: number, value: string): void => {
  if (value !== '') writer.tag(field, WireType.LengthDelimited).string(value)
}

const writePeer = (
  writer: BinaryWriter,
  field: number,
  peer: {
    readonly principal: string | undefined
    readonly address: string | undefined
    readonly port: number
    readonly service: string | undefined
  },
): void => {
  open(writer, field)
  if (peer.address !== undefined) {
    // Address { socket_address: SocketAddress { address, port_value } }
    open(writer, 1)
    open(writer, 1)
    text(writer, 2, peer.address)
    // One of `port_specifier` has to be there, though nobody knows the client's port.
    writer.tag(3, WireType.Varint).uint32(peer.port)
    writer.join().join()
  }
  text(writer, 2, peer.service ?? '')
  text(writer, 4, peer.principal ?? '')
  writer.join()
}

const writeTimestamp = (writer: BinaryWriter, epochMs: number): void => {
  const seconds = Math.floor(epochMs / 1000)
  open(writer, 1)
  writer.tag(1, WireType.Varint).int64(seconds)
  writer.tag(2, WireType.Varint).int32(Math.round((epochMs - seconds * 1000) * 1_000_000))
  writer.join()
}

const writeRequest = (writer: BinaryWriter, request: QuestionRequest, options: CheckOptions): void => {
  const target = request.path + request.query
  open(writer, 2)
  text(writer, 1, request.id)
  text(writer, 2, request.method)
  for (const [name, value] of shownFields(request, options)) {
    open(writer, 3)
    text(writer, 1, name)
    text(writer, 2, value)
    writer.join()
  }
  text(writer, 4, target)
  text(writer, 5, request.authority)
  text(writer, 6, request.scheme)
  writer.tag(9, WireType.Varint).int64(request.bodyLength ?? -1)
  text(writer, 10, request.protocol)
  if (request.body !== undefined) {
    const { bytes } = request.body
    if (options.asBytes) writer.tag(12, WireType.LengthDelimited).bytes(bytes)
    // A `string` must be UTF-8, or no reader takes the message.
    else text(writer, 11, bytes.toString('utf8'))
  }
  writer.join()
}

/** As Envoy's map has them: with pseudo-headers, and one entry for fields of one name. */
const shownFields = (
  { method, scheme, path, query, authority, headers, upgrade, body }: QuestionRequest,
  { shows, addedHeaders }: CheckOptions,
): ReadonlyMap<string, string> => {
  const fields = new Map([
    [':method', method],
    [':path', path + query],
    [':authority', authority],
    [':scheme', scheme],
  ])
  for (const [name, value] of headers) {
    if (name === 'host' || !shows(name)) continue
    const before = fields.get(name)
    // RFC 9113 section 8.2.3
    const glue = name === 'cookie' ? '; ' : ','
    fields.set(name, before === undefined ? toUtf8(value) : before + glue + toUtf8(value))
  }
  if (upgrade !== undefined && shows('upgrade')) fields.set('upgrade', upgrade)
  if (body !== undefined) fields.set('x-envoy-auth-partial-body', String(body.isPartial))
  for (const [name, value] of addedHeaders) fields.set(name, value)
  return fields
}

/**
 * A `CheckResponse`; throws when the bytes are none. Fields that are not known are skipped, dynamic metadata among them.
 * One that says neither how it stands nor what to change is none either: to Envoy it would be a yes.
 */
export const decodeCheckResponse = (bytes: Uint8Array): Verdict => {
  let code: number | undefined
  let denied = noDenial()
  let changes: RequestChanges | undefined
  let hasMetadata = false
  let isError = false
  eachField(bytes, (field, wireType, reader) => {
    if (field > 5) return false
    if (wireType !== WireType.LengthDelimited) throw new Error(`field ${field} is of another type`)
    const value = reader.bytes()
    if (field === 1) code = readStatusCode(value)
    else if (field === 2) denied = readDenied(value)
    else if (field === 3) changes = readOk(value)
    else if (field === 4) hasMetadata = true
    else if (field === 5) isError = true
    return true
  })
  if (code === undefined && changes === undefined) throw new Error('it has no status')
  if (code === undefined || code === 0) {
    const whole = changes ?? emptyChanges()
    const ignored = hasMetadata ? [...whole.ignored, 'dynamic_metadata'] : whole.ignored
    return { kind: 'allow', ...whole, ignored }
  }
  if (isError) return { kind: 'error', message: `the provider reports an error of its own (status ${code})` }
  return { kind: 'deny', ...denied }
}

/** `google.rpc.Status` */
const readStatusCode = (bytes: Uint8Array): number => {
  let code = 0
  eachField(bytes, (field, wireType, reader) => {
    if (field !== 1 || wireType !== WireType.Varint) return false
    code = reader.int32()
    return true
  })
  return code
}

const FORBIDDEN = 403

const noDenial = (): { status: number; headers: HeaderList; body: string } => ({
  status: FORBIDDEN,
  headers: new HeaderList(),
  body: '',
})

/** `DeniedHttpResponse` */
const readDenied = (bytes: Uint8Array): ReturnType<typeof noDenial> => {
  const denied = noDenial()
  for (const [field, value] of messagesOf(bytes)) {
    if (field === 1) denied.status = readStatusCode(value)
    else if (field === 2) {
      const header = readFieldChange(value)
      denied.headers.fields.push(header.name, header.value)
    } else if (field === 3) denied.body = Buffer.from(value).toString('utf8')
  }
  // What is no final status (0 is none at all) is what Envoy takes for none.
  if (denied.status < 200 || denied.status > 599) denied.status = FORBIDDEN
  return denied
}

const emptyChanges = () => ({
  request: new Array<FieldChange>(),
  removed: new Array<string>(),
  response: new Array<FieldChange>(),
  querySet: new Array<readonly [string, string]>(),
  queryRemoved: new Array<string>(),
  ignored: new Array<string>(),
})

/** `OkHttpResponse` */
const readOk = (bytes: Uint8Array): RequestChanges => {
  const changes = emptyChanges()
  for (const [field, value] of messagesOf(bytes)) {
    if (field === 2) changes.request.push(readFieldChange(value))
    else if (field === 5) changes.removed.push(textOf(value).toLowerCase())
    else if (field === 6) changes.response.push(readFieldChange(value))
    else if (field === 7) changes.querySet.push(readPair(value))
    else if (field === 8) changes.queryRemoved.push(textOf(value))
    else if (field === 3) changes.ignored.push('ok_response.dynamic_metadata')
  }
  return changes
}

/** `HeaderValueOption.HeaderAppendAction` */
const actions: ReadonlyMap<number, FieldAction> = new Map([
  [1, 'add-if-absent'],
  [2, 'set'],
  [3, 'replace'],
])

/**
 * `HeaderValueOption`. Where it says nothing a field is set: here `append` is false by default (OkHttpResponse.headers), and
 * what a client wrote must not stay in front of what the provider says.
 */
const readFieldChange = (bytes: Uint8Array): FieldChange => {
  let [name, value] = ['', '']
  let action: FieldAction = 'set'
  eachField(bytes, (field, wireType, reader) => {
    if (field === 1 && wireType === WireType.LengthDelimited) [name, value] = readHeaderValue(reader.bytes())
    else if (field === 2 && wireType === WireType.LengthDelimited) action = readBool(reader.bytes()) ? 'append' : 'set'
    else if (field === 3 && wireType === WireType.Varint) action = actions.get(reader.int32()) ?? action
    else return false
    return true
  })
  return { action, name: name.toLowerCase(), value }
}

/** `HeaderValue`: `raw_value` is as good as `value`. */
const readHeaderValue = (bytes: Uint8Array): [name: string, value: string] => {
  let [name, value] = ['', '']
  for (const [field, part] of messagesOf(bytes)) {
    if (field === 1) name = textOf(part)
    else if (field === 2 && part.length > 0) value = fromUtf8(textOf(part))
    else if (field === 3 && part.length > 0) value = Buffer.from(part).toString('latin1')
  }
  return [name, value]
}

/** `QueryParameter` */
const readPair = (bytes: Uint8Array): readonly [name: string, value: string] => {
  let [name, value] = ['', '']
  for (const [field, part] of messagesOf(bytes)) {
    if (field === 1) name = textOf(part)
    else if (field === 2) value = textOf(part)
  }
  return [name, value]
}

/** `google.protobuf.BoolValue` */
const readBool = (bytes: Uint8Array): boolean => {
  let value = false
  eachField(bytes, (field, wireType, reader) => {
    if (field !== 1 || wireType !== WireType.Varint) return false
    value = reader.bool()
    return true
  })
  return value
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')

/** The fields of a message that have a length: messages, texts, bytes. */
const messagesOf = (bytes: Uint8Array): readonly (readonly [field: number, value: Uint8Array])[] => {
  const fields: (readonly [number, Uint8Array])[] = []
  eachField(bytes, (field, wireType, reader) => {
    if (wireType !== WireType.LengthDelimited) return false
    fields.push([field, reader.bytes()])
    return true
  })
  return fields
}

/** `read` says whether it took the field; others are skipped. */
const eachField = (
  bytes: Uint8Array,
  read: (field: number, wireType: WireType, reader: BinaryReader) => boolean,
): void => {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (!read(field, wireType, reader)) reader.skip(wireType, field)
  }
}
