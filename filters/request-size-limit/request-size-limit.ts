import { schema } from 'fairway/filter'
import type { BodyTransform, FilterDefinition, HeaderList, Reply, RequestView } from 'fairway/filter'

const bytes = schema.optional(schema.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))

const config = schema.refine(
  schema.object({
    maxBodyBytes: schema.documented(bytes, 'Of the body, as it comes: compressed, if it is.'),
    maxHeaderBytes: schema.documented(bytes, 'Of names and values of all header fields together.'),
    maxTargetBytes: schema.documented(bytes, 'Of path and query together.'),
  }),
  (limits, path) =>
    Object.keys(limits).length === 0
      ? [{ message: 'no limit', path, found: 'none', expected: 'maxBodyBytes, maxHeaderBytes or maxTargetBytes' }]
      : [],
)

type RequestSizeLimitConfig = schema.ValueOf<typeof config>

/** RESOURCE_EXHAUSTED, as gRPC's own libraries have it for messages that are too large. */
const RESOURCE_EXHAUSTED = 8

/** Refuses requests that are too large; a body without a length is counted as it comes. */
const requestSizeLimit: FilterDefinition<RequestSizeLimitConfig> = {
  kind: 'RequestSizeLimit',
  stage: 'preflight',
  body: { request: 'stream' },
  config,
  create: ({ maxBodyBytes, maxHeaderBytes = Infinity, maxTargetBytes = Infinity }, env) => {
    const refuse = (status: number, body: string, reason: string): Reply =>
      env.reply(status, {
        headers: [['content-type', 'text/plain']],
        body,
        reason,
        grpcStatus: RESOURCE_EXHAUSTED,
      })
    const tooLarge = refuse(413, 'the body is too large\n', 'request_payload_too_large')
    const tooLong = refuse(414, 'the target is too long\n', 'request_target_too_long')
    const tooMany = refuse(431, 'the header fields are too large\n', 'request_headers_too_large')
    return {
      onRequest: ({ request }) => {
        if (isLongerThan(request, maxTargetBytes)) return tooLong
        if (maxHeaderBytes < Infinity && sizeOf(request.headers) > maxHeaderBytes) return tooMany
        return maxBodyBytes !== undefined && Number(request.headers.getLower('content-length') ?? 0) > maxBodyBytes
          ? tooLarge
          : undefined
      },
      ...(maxBodyBytes === undefined
        ? {}
        : {
            // One with a length has been judged by it: what is longer than it says is refused before filters see it.
            transformRequest: ({ request }) =>
              request.headers.hasLower('content-length') ? undefined : countUpTo(maxBodyBytes, tooLarge),
          }),
    }
  },
}

const countUpTo = (limit: number, tooLarge: Reply): BodyTransform => {
  let left = limit
  return (piece) => {
    left -= piece.length
    return left < 0 ? tooLarge : undefined
  }
}

/** Normalised paths and queries are ASCII, so that characters are bytes. */
const isLongerThan = ({ path, query }: RequestView, limit: number): boolean => path.length + query.length > limit

/** Field values are of single bytes on the wire. */
const sizeOf = (headers: HeaderList): number => {
  let size = 0
  for (const [name, value] of headers) size += name.length + value.length
  return size
}

export default requestSizeLimit
