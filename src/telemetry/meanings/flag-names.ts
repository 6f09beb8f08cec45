/**
 * Envoy's long names and bits of the flags in `response_flags` (envoy/stream_info/stream_info.h): what `%RESPONSE_FLAGS_LONG%`
 * writes, and what `response.flags` is in expressions.
 */
export const flagNames: Readonly<Record<string, { readonly long: string; readonly bit: number }>> = {
  UH: { long: 'NoHealthyUpstream', bit: 1 },
  UT: { long: 'UpstreamRequestTimeout', bit: 2 },
  UF: { long: 'UpstreamConnectionFailure', bit: 5 },
  UC: { long: 'UpstreamConnectionTermination', bit: 6 },
  UO: { long: 'UpstreamOverflow', bit: 7 },
  NR: { long: 'NoRouteFound', bit: 8 },
  DI: { long: 'DelayInjected', bit: 9 },
  FI: { long: 'FaultInjected', bit: 10 },
  RL: { long: 'RateLimited', bit: 11 },
  UAEX: { long: 'UnauthorizedExternalService', bit: 12 },
  RLSE: { long: 'RateLimitServiceError', bit: 13 },
  DC: { long: 'DownstreamConnectionTermination', bit: 14 },
  URX: { long: 'UpstreamRetryLimitExceeded', bit: 15 },
  SI: { long: 'StreamIdleTimeout', bit: 16 },
  DPE: { long: 'DownstreamProtocolError', bit: 18 },
  UPE: { long: 'UpstreamProtocolError', bit: 23 },
  NC: { long: 'NoClusterFound', bit: 24 },
  OM: { long: 'OverloadManagerTerminated', bit: 25 },
}

/** `-` for none; several are joined by commas. */
export const longFlags = (flags: string): string =>
  flags
    .split(',')
    .map((flag) => flagNames[flag]?.long ?? flag)
    .join(',')

/** All of them as Envoy's bits. */
export const flagBits = (flags: string): number =>
  flags.split(',').reduce((bits, flag) => {
    const bit = flagNames[flag]?.bit
    return bit === undefined ? bits : bits | (2 ** bit)
  }, 0)
