import type { Destination, ExchangeRecord, Source } from '../../filter/record.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import type { Clock } from '../../lib/clock.ts'

/** A record of an exchange that begins now. */
export const beginRecord = (
  head: H1RequestHead,
  parties: { readonly source: Source; readonly destination: Destination; readonly generation: number },
  clock: Clock,
): ExchangeRecord => ({
  source: parties.source,
  destination: parties.destination,
  startedAtMs: clock.monotonicMs(),
  startedAtEpochMs: clock.nowMs(),
  durationMs: 0,
  upstreamMs: -1,
  protocol: isGrpc(head) ? 'grpc' : 'http',
  httpVersion: head.minorVersion === 1 ? 'HTTP/1.1' : 'HTTP/1.0',
  method: head.method,
  path: head.target,
  authority: head.host ?? '',
  requestId: head.headers.getLower('x-request-id'),
  userAgent: head.headers.getLower('user-agent'),
  forwardedFor: head.headers.getLower('x-forwarded-for'),
  status: 0,
  grpcStatus: '',
  flags: '-',
  details: '',
  upstreamFailure: '',
  requestBytes: 0,
  responseBytes: 0,
  route: undefined,
  rule: undefined,
  endpoint: undefined,
  backend: undefined,
  attempts: 0,
  generation: parties.generation,
})

const isGrpc = (head: H1RequestHead): boolean =>
  head.method === 'POST' && (head.headers.getLower('content-type') ?? '').startsWith('application/grpc')
