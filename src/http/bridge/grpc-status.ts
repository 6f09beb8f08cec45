/** What an HTTP status means to a gRPC client (gRPC over HTTP/2, "HTTP to gRPC status code mapping", and ours). */
const statuses: ReadonlyMap<number, number> = new Map([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [408, 4],
  [429, 14],
  [500, 13],
  [502, 14],
  [503, 14],
  [504, 4],
])
const UNKNOWN = 2

/** The share of a backend that is none is this to gRPC, though 500 to others (GRPCBackendRef). */
export const UNAVAILABLE = 14

/** The gRPC status of an answer that is ours and not the application's. */
export const toGrpcStatus = (status: number): number => statuses.get(status) ?? UNKNOWN
