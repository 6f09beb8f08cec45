import { FilterMistake } from '../../filter/guard/failure.ts'
import type { Reply, ReplyBody } from '../../filter/index.ts'
import { faultOfBody, faultOfLabels, isStreamed } from '../../filter/reply.ts'
import { HeaderList } from '../../http/header-list.ts'
import { CHUNKED } from '../../http/h1/message.ts'
import { isThrown, thrownMessage } from '../../lib/errors/thrown-text.ts'

/** An answer of ours, before it is written. */
export interface WrittenReply<Body = ReplyBodyToWrite> {
  readonly status: number
  readonly headers: HeaderList
  readonly body: Body
}

type ReplyBodyToWrite = string | Buffer | StreamedBody

/** A body that comes piece by piece. */
export interface StreamedBody {
  readonly pieces: Exclude<ReplyBody, string | Uint8Array>
  /** In bytes, or `CHUNKED`. */
  readonly length: number
}

/** A filter's answer; the error when it was made without `env.reply`, in plain JavaScript, and wrong. */
export const toWrittenReply = (reply: Reply): WrittenReply | Error => {
  const { status, headers } = reply
  const fields: string[] = []
  try {
    for (const [name, value] of headers) fields.push(name.toLowerCase(), value)
  } catch (error) {
    return isThrown(error, Error) ? error : new Error(thrownMessage(error))
  }
  const fault = faultOfBody(reply) ?? faultOfLabels(reply)
  if (fault !== undefined) return new FilterMistake(fault)
  return { status, headers: new HeaderList(fields), body: toBody(reply) }
}

const toBody = ({ body, length }: Reply): WrittenReply['body'] => {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return body
  if (isStreamed(body)) return { pieces: body, length: length ?? CHUNKED }
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
