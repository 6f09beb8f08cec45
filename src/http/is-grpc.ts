const NAME = 'application/grpc'

/**
 * Whether a Content-Type is that of gRPC (gRPC over HTTP/2, `Content-Type`): alone, with a format behind `+`, or with
 * parameters. gRPC-Web (`application/grpc-web`) is not: it needs no HTTP/2, no trailers, and understands HTTP statuses.
 */
export const isGrpcContentType = (value: string | undefined): boolean => {
  if (value?.startsWith(NAME) !== true) return false
  const next = value[NAME.length]
  return next === undefined || next === '+' || next === ';' || next === ' '
}

/** Whether a request is a call. */
export const isGrpcRequest = (method: string, contentType: string | undefined): boolean =>
  method === 'POST' && isGrpcContentType(contentType)
