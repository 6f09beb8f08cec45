const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }

/**
 * What `grpc-timeout` gives a call, in milliseconds (gRPC over HTTP/2, `Timeout`: up to eight digits and a unit);
 * `undefined` when it says nothing that can be read, as the application will find too.
 */
export const parseGrpcTimeout = (value: string): number | undefined => {
  const [, digits, unit = ''] = /^([0-9]{1,8})([HMSmun])$/.exec(value) ?? []
  const unitMs = UNIT_MS[unit]
  return digits === undefined || unitMs === undefined ? undefined : Number(digits) * unitMs
}
