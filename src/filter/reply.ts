import type { Reply, ReplyBody, ReplyOptions } from './index.ts'

/**
 * Makes the answer that a filter ends a chain with; what `env.reply` is.
 * Default: no headers, no body, reason `direct_response`. A status outside 200 to 599 is a bug of the filter and throws.
 */
export const createReply = (status: number, options: ReplyOptions = {}): Reply => {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`a filter replied with status ${status}: wanted an integer from 200 to 599`)
  }
  const fault = faultOfLabels(options)
  if (fault !== undefined) throw new RangeError(fault)
  return {
    kind: 'reply',
    status,
    headers: options.headers ?? [],
    body: options.body ?? '',
    ...(options.length === undefined ? {} : { length: options.length }),
    reason: options.reason ?? 'direct_response',
    ...(options.flags === undefined ? {} : { flags: options.flags }),
    ...(options.grpcStatus === undefined ? {} : { grpcStatus: options.grpcStatus }),
    ...(options.isReset === undefined ? {} : { isReset: options.isReset }),
  }
}

/** Envoy's are two to five capitals; what is not would be a series of its own in everybody's metrics. */
const FLAGS = /^(?:-|[A-Z]{2,5})$/

/** What is wrong with what a reply says of itself in log and metrics. Filters in plain JavaScript may say anything. */
export const faultOfLabels = ({
  reason,
  flags,
  grpcStatus,
}: Readonly<Partial<Record<'reason' | 'flags' | 'grpcStatus', unknown>>>): string | undefined => {
  if (reason !== undefined && typeof reason !== 'string') return 'a reply has a reason that is no string'
  if (flags !== undefined && (typeof flags !== 'string' || !FLAGS.test(flags)))
    return "a reply has flags that are none of Envoy's: wanted two to five capitals, as RL"
  const isStatus = Number.isInteger(grpcStatus) && Number(grpcStatus) >= 1 && Number(grpcStatus) <= 16
  return grpcStatus === undefined || isStatus ? undefined : 'a reply has a gRPC status that is none: wanted 1 to 16'
}

/** What is wrong with the body of a reply. */
export const faultOfBody = ({
  body,
  length,
}: Readonly<Partial<Record<'body' | 'length', unknown>>>): string | undefined => {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    return length === undefined ? undefined : 'a reply says the length of a body that is whole already'
  }
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) {
    return 'a reply has a body that is no text, no bytes and no stream of them'
  }
  const isLength = Number.isSafeInteger(length) && Number(length) >= 0
  return length === undefined || isLength ? undefined : 'a reply has a length that is no whole number of bytes'
}

/** Whether a body comes piece by piece. */
export const isStreamed = (body: ReplyBody): body is Exclude<ReplyBody, string | Uint8Array> =>
  typeof body !== 'string' && !(body instanceof Uint8Array)

/** Ends a body that nobody will read, so that whoever makes it lets go of what it holds. */
export const dropBody = (body: ReplyBody): void => {
  if (!isStreamed(body)) return
  // It has never been begun, so it cannot fail in the middle of anything.
  void (async () => body[Symbol.asyncIterator]().return?.())().catch(() => {})
}
