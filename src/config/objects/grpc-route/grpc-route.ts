/**
 * GRPCRoute (gateway.networking.k8s.io/v1), unknown to typed. It becomes what an HTTPRoute becomes: the names of a
 * service and a method are the path of a request, and only their precedence differs (`Match.grpc`).
 */
import { decodeRoute, type RouteParts } from '../http-route/decode-route.ts'
import type { HttpRouteRule } from '../http-route/rule.ts'
import type { KindDecoder } from '../kind.ts'
import { matchAllCalls } from './match.ts'
import { decodeGrpcRule } from './rule.ts'

export interface GrpcRouteObject extends RouteParts {
  readonly kind: 'GRPCRoute'
}

/** A route without rules matches every call and has no backend (GRPCRouteSpec.rules). */
const emptyRule: HttpRouteRule = {
  matches: [matchAllCalls],
  filters: [],
  backendRefs: [],
  defects: [],
  path: 'spec.rules',
}

/** Reads a GRPCRoute. */
export const decodeGrpcRoute: KindDecoder<GrpcRouteObject> = (input) => {
  const decoded = decodeRoute(input, { decodeRule: decodeGrpcRule, emptyRule })
  return decoded.ok ? { ok: true, value: { kind: 'GRPCRoute', ...decoded.value } } : decoded
}
