import type { ConnectionRoutes } from '../../../model/connection-route.ts'
import { compareRoutes } from '../../../model/precedence.ts'
import type { KindRoutes } from '../route/port-routes.ts'
import type { TranslatedConnectionRoute } from './translate-connection-route.ts'

/** What acts on the connections of one port for one set of clients; `undefined` where the routes act on requests. */
export type ConnectionSets = (held: KindRoutes) => ConnectionRoutes | undefined

/** Makes the sets of translated routes; those of one set are put in order once. */
export const createConnectionSets = (routes: readonly TranslatedConnectionRoute[]): ConnectionSets => {
  const byKey = new Map(routes.map((translated) => [translated.route.key, translated]))
  const known = new Map<KindRoutes, ConnectionRoutes | undefined>()
  return (held) => {
    if (known.has(held)) return known.get(held)
    const set = createSet(held, byKey)
    known.set(held, set)
    return set
  }
}

const createSet = (
  { kind, routes }: KindRoutes,
  byKey: ReadonlyMap<string, TranslatedConnectionRoute>,
): ConnectionRoutes | undefined => {
  if (kind !== 'TCPRoute' && kind !== 'TLSRoute') return undefined
  const ordered = [...routes]
    .flatMap((key) => byKey.get(key) ?? [])
    .toSorted((a, b) => compareRoutes(a.route, b.route))
    .map(({ rule }) => rule)
  if (kind === 'TLSRoute') return { kind, rules: ordered }
  const [first] = ordered
  if (first === undefined) return undefined
  const { hostnames: _none, ...rule } = first
  return { kind, rule }
}
