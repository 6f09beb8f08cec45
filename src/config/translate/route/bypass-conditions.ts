import type { Condition } from '../../../model/condition.ts'
import type { Entry, RouteObject } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { formatUndeclared } from '../service/undeclared-ports.ts'
import type { ClaimedParent } from './claim-parents.ts'
import { holdersOf, type Attachments } from './port-routes.ts'

/**
 * Tells of routes that have somebody asked about each request (ExternalAuth), on ports that declare nothing: a client that
 * speaks TLS there is passed on as bytes, and nobody is asked.
 */
export const bypassConditions = (
  claimed: readonly { readonly entry: Entry<RouteObject>; readonly parents: readonly ClaimedParent[] }[],
  attachments: Attachments,
): readonly Condition[] =>
  claimed.flatMap(({ entry, parents }) => {
    const path = findAsking(entry.object)
    if (path === undefined) return []
    return parents.flatMap((claimedParent): readonly Condition[] => {
      const ports = undeclaredOf(claimedParent, attachments)
      if (ports === undefined) return []
      const message = `ExternalAuth is passed by: ${ports}, so TLS is carried there as bytes, and nobody is asked about it; declare HTTP (appProtocol) to have it refused`
      const { parent } = claimedParent
      return [conditionOf(entry, { parent, type: 'Bypassed', status: 'True', reason: 'UndeclaredPort', message, path })]
    })
  })

/** The first filter of the route that has somebody asked. */
const findAsking = ({ rules }: RouteObject): string | undefined => {
  for (const { externalAuths, backendRefs } of rules) {
    if (externalAuths[0] !== undefined) return externalAuths[0].path
    for (const { externalAuths: ofBackend } of backendRefs) if (ofBackend[0] !== undefined) return ofBackend[0].path
  }
  return undefined
}

/** Of the ports that the route has. */
const undeclaredOf = ({ resolved, claims }: ClaimedParent, attachments: Attachments): string | undefined => {
  if (resolved.kind !== 'attached') return undefined
  const own = new Set(
    claims.flatMap((claim) => (holdersOf(attachments, claim)?.kind === claim.kind ? [claim.key] : [])),
  )
  return formatUndeclared(
    resolved.parts.map(({ service: { object }, ports }) => {
      const { namespace, name } = object.metadata
      return { service: object, ports: ports.filter(({ port }) => own.has(`${namespace}/${name}:${port}`)) }
    }),
  )
}
