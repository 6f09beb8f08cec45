import type { Condition } from '../../../model/condition.ts'
import type { UnimplementedRouteObject } from '../../objects/unimplemented-route.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { formatLostPorts, lostPorts, type ClaimedParent } from './claim-parents.ts'
import { holdersOf, isProducer, portKey, type Attachments } from './port-routes.ts'

/**
 * Closes the ports that a route of an unimplemented kind has, since to pass its traffic through would be to ignore it.
 * A consumer route concerns only its own namespace's clients, and TCP and TLS cannot be told apart by client yet: it
 * is left without effect.
 */
export const closeForRoute = (
  entry: Entry<UnimplementedRouteObject>,
  parents: readonly ClaimedParent[],
  attachments: Attachments,
): { readonly closedPorts: ReadonlyMap<string, string>; readonly conditions: readonly Condition[] } => {
  const { kind, metadata } = entry.object
  const closedPorts = new Map<string, string>()
  const conditions: Condition[] = []
  for (const claimed of parents) {
    const { parent, path, claims } = claimed
    if (claims.length === 0) continue
    const base = { parent, path, type: 'Accepted', status: 'False' } as const
    const lost = lostPorts(claimed, attachments)
    if (lost.length === claims.length) {
      const message = formatLostPorts(kind, lost)
      conditions.push(conditionOf(entry, { ...base, reason: 'Conflicted', message }))
      continue
    }
    const closed = claims.filter((claim) => isProducer(claim) && holdersOf(attachments, claim)?.kind === kind)
    for (const claim of closed) {
      closedPorts.set(portKey(claim), `${kind} ${metadata.namespace}/${metadata.name}: ${kind} is not implemented yet`)
    }
    const effect =
      closed.length === 0
        ? 'it has no effect'
        : `what it attaches to is closed (503): port ${closed.map(({ port }) => port).join(', ')}`
    const rest = lost.length === 0 ? '' : `; ${formatLostPorts(kind, lost)}`
    const message = `${kind} is not implemented yet: ${effect}${rest}`
    conditions.push(conditionOf(entry, { ...base, reason: 'UnsupportedKind', message }))
  }
  return { closedPorts, conditions }
}
