import { isGrpcContentType } from '../../http/is-grpc.ts'
import { writeHead } from '../upstream/head.ts'
import type { HttpVersion } from '../upstream/session.ts'
import type { ForwardPlan } from './forward-plan.ts'

/** A client that speaks HTTP/2 is passed on as it came, and so is nothing else where the port does not ask for it. */
export const versionFor = ({ request, group }: ForwardPlan): HttpVersion =>
  // A server of WebSocket knows its HTTP/1.1 form, and hardly ever that of HTTP/2 (RFC 8441).
  request.upgrade === undefined && (request.isHttp2 || isHttp2(group)) ? 2 : 1

/** Why a request may not go as HTTP/1.1 to an endpoint that has no HTTP/2, which is `place`; `undefined` when it may. */
export const refusalOfHttp1 = ({ request, group }: ForwardPlan, place: string): string | undefined => {
  const who = `${group.tls === undefined ? 'the application' : 'TLS'}${place}`
  if (isGrpcContentType(request.headers.getLower('content-type')))
    return `${who} did not agree on HTTP/2, which gRPC needs`
  const isBroken = group.tls === undefined && isHttp2(group)
  return isBroken ? `${who} answered in HTTP/1.1: its port is declared as ${group.protocol}` : undefined
}

/**
 * Writes the head for sessions of a version, once; why it may not go out, or `undefined`. How the
 * client asked is passed on, as with Envoy; over TLS of our own it is what the application sees of its connection.
 */
export const writeHeadFor = ({ request, group }: ForwardPlan, version: HttpVersion): string | undefined =>
  writeHead(request, version, group.tls === undefined ? request.scheme : 'https')

/** Each further try has its own place in a trace, which its head tells; it may go out as the first one did. */
export const rewriteHead = (plan: ForwardPlan, version: HttpVersion, nowMs: number): void => {
  const { request, tracing, trace } = plan
  if (tracing === undefined) return
  tracing.beginTry(request.headers, trace.attempts, nowMs)
  request.h1Head = undefined
  request.h2Head = undefined
  writeHeadFor(plan, version)
}

/** Whether the port is declared to speak nothing else. */
const isHttp2 = ({ protocol }: ForwardPlan['group']): boolean => protocol === 'http2' || protocol === 'grpc'
