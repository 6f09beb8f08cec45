/**
 * HTTPRoute (gateway.networking.k8s.io/v1), unknown to typed. A part that cannot be understood makes its rule a closed
 * one (`defects`); it is never skipped. List lengths are the API server's concern (its validation costs grow with
 * them), not ours.
 */
import type { KindDecoder } from '../kind.ts'
import { decodeRoute, type RouteParts } from './decode-route.ts'
import { matchAll } from './match.ts'
import { decodeRule, type HttpRouteRule } from './rule.ts'

export interface HttpRouteObject extends RouteParts {
  readonly kind: 'HTTPRoute'
}

/** A route without rules matches everything and has no backend (HTTPRouteSpec.rules). */
const emptyRule: HttpRouteRule = { matches: [matchAll], filters: [], backendRefs: [], defects: [], path: 'spec.rules' }

/** Reads an HTTPRoute. */
export const decodeHttpRoute: KindDecoder<HttpRouteObject> = (input) => {
  const decoded = decodeRoute(input, { decodeRule, emptyRule })
  return decoded.ok ? { ok: true, value: { kind: 'HTTPRoute', ...decoded.value } } : decoded
}
