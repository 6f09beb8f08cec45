/**
 * TCPRoute (gateway.networking.k8s.io/v1), unknown to typed. The API has one rule; older versions of it had several,
 * which are all read, though nothing about a connection could tell the second from the first.
 */
import { decodeRoute, type RouteParts } from '../http-route/decode-route.ts'
import type { KindDecoder } from '../kind.ts'
import { decodeConnectionRule, missingRule, type ConnectionRouteRule } from './rule.ts'

export interface TcpRouteObject extends RouteParts<ConnectionRouteRule> {
  readonly kind: 'TCPRoute'
}

/** Reads a TCPRoute. */
export const decodeTcpRoute: KindDecoder<TcpRouteObject> = (input) => {
  const decoded = decodeRoute(input, { decodeRule: decodeConnectionRule, emptyRule: missingRule, isNameless: true })
  return decoded.ok ? { ok: true, value: { kind: 'TCPRoute', ...decoded.value } } : decoded
}
