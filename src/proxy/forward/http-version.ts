import { isGrpcContentType } from '../../http/is-grpc.ts'
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

/** Whether the port is declared to speak nothing else. */
const isHttp2 = ({ protocol }: ForwardPlan['group']): boolean => protocol === 'http2' || protocol === 'grpc'
