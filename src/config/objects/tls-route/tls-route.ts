/** TLSRoute (gateway.networking.k8s.io/v1), unknown to typed: a TCPRoute for some server names. */
import * as s from '../../../lib/schema.ts'
import { decodeRoute, type RouteParts } from '../http-route/decode-route.ts'
import { hostname } from '../http-route/hostname.ts'
import type { KindDecoder } from '../kind.ts'
import { decodeConnectionRule, missingRule, type ConnectionRouteRule } from '../tcp-route/rule.ts'

export interface TlsRouteObject extends RouteParts<ConnectionRouteRule> {
  readonly kind: 'TLSRoute'
  /** `a.example.com`, `*.example.com`, each once; empty: any name, and none. */
  readonly hostnames: readonly string[]
}

/**
 * Reads a TLSRoute. Names that cannot be read close its rules; those that can are the ones that it is closed for, and
 * without any it is closed for whatever no other route has.
 */
export const decodeTlsRoute: KindDecoder<TlsRouteObject> = (input) => {
  const decoded = decodeRoute(input, { decodeRule: decodeConnectionRule, emptyRule: missingRule })
  if (!decoded.ok) return decoded
  const { spec } = input.body
  const written = s.isPlainObject(spec) && Array.isArray(spec['hostnames']) ? spec['hostnames'] : []
  const hostnames = written.flatMap((name: unknown) => {
    const read = hostname.decode(name, '')
    return read.ok ? [read.value] : []
  })
  return { ok: true, value: { kind: 'TLSRoute', ...decoded.value, hostnames: [...new Set(hostnames)] } }
}
