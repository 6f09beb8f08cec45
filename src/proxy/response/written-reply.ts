import type { Reply } from '../../filter/index.ts'
import { faultOfLabels } from '../../filter/reply.ts'
import { HeaderList } from '../../http/header-list.ts'
import { isThrown, thrownMessage } from '../../lib/errors/thrown-text.ts'

/** An answer of ours, before it is written. */
export interface WrittenReply {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}

/** A filter's answer; the error when it was made without `env.reply`, in plain JavaScript, and wrong. */
export const toWrittenReply = (reply: Reply): WrittenReply | Error => {
  const { status, headers, body } = reply
  const fields: string[] = []
  try {
    for (const [name, value] of headers) fields.push(name.toLowerCase(), value)
  } catch (error) {
    return isThrown(error, Error) ? error : new Error(thrownMessage(error))
  }
  if (typeof body !== 'string') return new TypeError('a filter replied with a body that is no string')
  const fault = faultOfLabels(reply)
  if (fault !== undefined) return new TypeError(fault)
  return { status, headers: new HeaderList(fields), body }
}
