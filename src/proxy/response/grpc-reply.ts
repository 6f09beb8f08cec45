import type { ExchangeRecord } from '../../filter/record.ts'
import { toGrpcStatus } from '../../http/bridge/grpc-status.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { WrittenReply } from './written-reply.ts'

/** Of a text that is to be a message: clients take heads of 8 KiB, and one byte may become three. */
const MAX_MESSAGE_BYTES = 1024

/**
 * A refusal in the only form that a gRPC client understands: Trailers-Only, a head with `grpc-status` and nothing behind
 * it. Fields that a filter wrote stay, those that describe the text do not.
 */
export const toGrpcReply = (reply: WrittenReply, grpcStatus = toGrpcStatus(reply.status)): WrittenReply<string> => {
  const headers = new HeaderList([...reply.headers.fields])
  for (const name of ['content-type', 'content-length', 'grpc-status', 'grpc-message']) headers.removeLower(name)
  headers.fields.push('content-type', 'application/grpc', 'grpc-status', String(grpcStatus))
  const text = typeof reply.body === 'string' ? reply.body : Buffer.isBuffer(reply.body) ? reply.body.toString() : ''
  const message = encodeMessage(text)
  if (message !== '') headers.fields.push('grpc-message', message)
  return { status: 200, headers, body: '' }
}

/** A reply as its client understands it; the record is told what it says. `grpcStatus`: where the status alone would say something else. */
export const toFinalReply = (
  reply: WrittenReply,
  record: Pick<ExchangeRecord, 'protocol' | 'status' | 'grpcStatus'>,
  grpcStatus?: number,
): WrittenReply => {
  const isCall = record.protocol === 'grpc'
  const final = isCall && reply.status >= 400 ? toGrpcReply(reply, grpcStatus) : reply
  // What a filter answers itself, it may say as gRPC does; what was said before is not said any more.
  record.grpcStatus = (isCall ? final.headers.getLower('grpc-status') : undefined) ?? ''
  record.status = final.status
  return final
}

/**
 * Percent-encoded UTF-8 outside of printable ASCII (gRPC over HTTP/2, `Percent-Encoded`): whole characters, and without blanks
 * at the ends, which HTTP/2 would have nobody send.
 */
const encodeMessage = (text: string): string => {
  const bytes = Buffer.from(text.trim())
  let end = Math.min(bytes.length, MAX_MESSAGE_BYTES)
  while (isWithinCharacter(bytes[end])) end--
  const encoded = Array.from(bytes.subarray(0, end), (byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x25
      ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
      : String.fromCharCode(byte),
  )
  return encoded.join('').trimEnd()
}

/** Of UTF-8: a byte that goes on with what the one before it began. */
const isWithinCharacter = (byte = 0): boolean => (byte & 0xc0) === 0x80
