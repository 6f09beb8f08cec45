/**
 * HTTPRoute (gateway.networking.k8s.io/v1), unknown to typed. A part that cannot be understood makes its rule a closed
 * one (`defects`); it is never skipped. List lengths are the API server's concern (its validation costs grow with
 * them), not ours.
 */
import type { KindDecoder } from '../kind.ts'
import { decodeRoute, type RouteParts } from './decode-route.ts'
import { take } from './defect.ts'
import { decodeMatch, matchAll } from './match/match.ts'
import { retry } from './retry.ts'
import { withoutSharedSessions } from './distinct-sessions.ts'
import { createEmptyRule, decodeRule, sessionField, type HttpRouteRule, type RuleShape } from './rule.ts'
import { timeouts } from './timeouts.ts'

export interface HttpRouteObject extends RouteParts<HttpRouteRule> {
  readonly kind: 'HTTPRoute'
}

const shape: RuleShape = {
  decodeMatch,
  matchAll,
  filterTypes: [
    ...(['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite'] as const),
    ...(['RequestMirror', 'CORS', 'ExternalAuth', 'ExtensionRef'] as const),
  ],
  fields: {
    timeouts: (value, path, defects) => {
      const decoded = take(timeouts.decode(value, path), defects)
      return decoded === undefined ? {} : { timeouts: decoded }
    },
    retry: (value, path, defects) => {
      const decoded = take(retry.decode(value, path), defects)
      return decoded === undefined ? {} : { retry: decoded }
    },
    sessionPersistence: sessionField,
  },
}

/** A route without rules matches everything and has no backend (HTTPRouteSpec.rules). */
const emptyRule = createEmptyRule(matchAll, 'spec.rules', [])

/** Reads an HTTPRoute. */
export const decodeHttpRoute: KindDecoder<HttpRouteObject> = (input) => {
  const decoded = decodeRoute(input, {
    decodeRule: (value, path) => decodeRule(value, path, shape),
    checkRules: withoutSharedSessions,
    emptyRule,
    ignoresHosts: true,
  })
  return decoded.ok ? { ok: true, value: { kind: 'HTTPRoute', ...decoded.value } } : decoded
}
