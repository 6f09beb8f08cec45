import type { Reply, ReplyOptions } from './index.ts'

/**
 * Makes the answer that a filter ends a chain with; what `env.reply` is.
 * Default: no headers, no body, reason `direct_response`. A status outside 200 to 599 is a bug of the filter and throws.
 */
export const createReply = (status: number, options: ReplyOptions = {}): Reply => {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`a filter replied with status ${status}: wanted an integer from 200 to 599`)
  }
  return {
    kind: 'reply',
    status,
    headers: options.headers ?? [],
    body: options.body ?? '',
    reason: options.reason ?? 'direct_response',
    ...(options.flags === undefined ? {} : { flags: options.flags }),
    ...(options.grpcStatus === undefined ? {} : { grpcStatus: options.grpcStatus }),
    ...(options.isReset === undefined ? {} : { isReset: options.isReset }),
  }
}
