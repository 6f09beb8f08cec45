/**
 * GRPCRoute (gateway.networking.k8s.io/v1), unknown to typed. It becomes what an HTTPRoute becomes: the names of a
 * service and a method are the path of a request, and only their precedence differs (`Match.grpc`).
 */
import { decodeRoute, type RouteParts } from '../http-route/decode-route.ts'
import { withoutSharedSessions } from '../http-route/distinct-sessions.ts'
import { createEmptyRule, decodeRule, sessionField, type HttpRouteRule, type RuleShape } from '../http-route/rule.ts'
import type { KindDecoder } from '../kind.ts'
import { decodeGrpcMatch, matchAllCalls } from './match.ts'

export interface GrpcRouteObject extends RouteParts<HttpRouteRule> {
  readonly kind: 'GRPCRoute'
}

/** A GRPCRouteRule has matches of its own, and fewer fields and filters than an HTTPRouteRule (GRPCRouteFilter). */
const shape: RuleShape = {
  decodeMatch: decodeGrpcMatch,
  matchAll: matchAllCalls,
  filterTypes: ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror', 'ExtensionRef'],
  fields: { sessionPersistence: sessionField },
}

/** A route without rules matches every call and has no backend (GRPCRouteSpec.rules). */
const emptyRule = createEmptyRule(matchAllCalls, 'spec.rules', [])

/** Reads a GRPCRoute. */
export const decodeGrpcRoute: KindDecoder<GrpcRouteObject> = (input) => {
  const decoded = decodeRoute(input, {
    decodeRule: (value, path) => decodeRule(value, path, shape),
    checkRules: withoutSharedSessions,
    emptyRule,
    ignoresHosts: true,
  })
  return decoded.ok ? { ok: true, value: { kind: 'GRPCRoute', ...decoded.value } } : decoded
}
