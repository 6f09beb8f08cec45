/** By status code (gRPC, `Status codes and their use`): what Envoy and Istio take it for where they look at HTTP. */
const HTTP_STATUS: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
]

/** The HTTP status that a `grpc-status` stands for; one that is unknown, or no number, is as UNKNOWN. */
export const httpStatusOf = (grpcStatus: string): number =>
  (/^[0-9]{1,2}$/.test(grpcStatus) ? HTTP_STATUS[Number(grpcStatus)] : undefined) ?? 500
