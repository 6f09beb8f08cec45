/** One question and one answer of gRPC, whole (gRPC over HTTP/2): for what we ask ourselves. */
import { HeaderList } from './header-list.ts'
import { isGrpcContentType } from './is-grpc.ts'

/** A flag and the length. */
const PREFIX_BYTES = 5

/** The fields of a question that is to be answered in so many milliseconds. */
export const grpcFields = (timeoutMs: number): HeaderList =>
  new HeaderList(['content-type', 'application/grpc', 'te', 'trailers', 'grpc-timeout', formatTimeout(timeoutMs)])

/** At most eight digits (`TimeoutValue`). */
const formatTimeout = (ms: number): string => (ms < 100_000_000 ? `${ms}m` : `${Math.ceil(ms / 1000)}S`)

/** A message as it travels, not compressed. */
export const frameMessage = (message: Uint8Array): Buffer => {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, PREFIX_BYTES)
  return framed
}

/** What came, whole. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: HeaderList
  readonly body: Buffer
  readonly trailers: HeaderList | undefined
}

/** The message of an answer, or why it has none; `code` is gRPC's, where there is one. */
export type UnaryAnswer =
  | { readonly ok: true; readonly message: Buffer }
  | { readonly ok: false; readonly code: number | undefined; readonly why: string }

/** Reads the answer to one question. */
export const readUnary = ({ status, headers, body, trailers }: WholeAnswer): UnaryAnswer => {
  const fail = (why: string, code?: number): UnaryAnswer => ({ ok: false, code, why })
  if (status !== 200) return fail(`HTTP status ${status} in place of a gRPC answer`)
  const code = trailers?.getLower('grpc-status') ?? headers.getLower('grpc-status')
  if (code !== '0') {
    const text = trailers?.getLower('grpc-message') ?? headers.getLower('grpc-message') ?? ''
    const why = `gRPC status ${code ?? 'missing'}${text === '' ? '' : `: ${decodeMessage(text.slice(0, 200))}`}`
    return fail(why, code === undefined ? undefined : Number(code))
  }
  if (!isGrpcContentType(headers.getLower('content-type'))) return fail('the answer is not of type application/grpc')
  if (body.length < PREFIX_BYTES || body.readUInt32BE(1) !== body.length - PREFIX_BYTES) {
    return fail(`${body.length} bytes that are not one gRPC message`)
  }
  // None was offered.
  if (body[0] !== 0) return fail('the answer is compressed')
  return { ok: true, message: body.subarray(PREFIX_BYTES) }
}

/** Percent-encoded UTF-8 (`Percent-Encoded`). */
const decodeMessage = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
