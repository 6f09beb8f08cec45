import type { Condition } from '../../../model/condition.ts'
import type { PortProtocol } from '../../../model/port-protocol.ts'
import type { ParentRef } from '../../objects/parent-ref.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { AnyRoute, Entry } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { frontendProtocolOf, mayCarryRequests } from '../service/port-protocol.ts'
import { formatParent } from './format-parent.ts'
import { holdersOf, ranking, type Attachments, type Claim, type KindRoutes, type RouteKind } from './port-routes.ts'
import { resolveParent, type ParentScope, type ResolvedParent } from './resolve-parent.ts'
import { nameSome } from '../../../lib/lists/name-some.ts'

/** What one parentRef of a route came to. */
export interface ClaimedParent {
  /** As conditions name it. */
  readonly parent: string
  /** `spec.parentRefs[0]` */
  readonly path: string
  readonly resolved: ResolvedParent
  /** One for each port that it attaches to. */
  readonly claims: readonly Claim[]
}

/** `HTTPRoute/NAMESPACE/NAME` */
export const routeKey = ({ kind, metadata }: AnyRoute): string => `${kind}/${metadata.namespace}/${metadata.name}`

export interface ClaimScope extends ParentScope {
  /** Whether a BackendTLSPolicy says how TLS is spoken to the port's applications. */
  readonly speaksTls: (service: ServiceObject, port: ServicePortObject) => boolean
}

/** Finds what the parentRefs of a route mean, before it is known who else wants the same ports. */
export type ClaimParents = (object: AnyRoute) => readonly ClaimedParent[]

/** Neighbouring routes often have the same parents, which then are found once. */
export const createClaiming = (scope: ClaimScope): ClaimParents => {
  let last: AnyRoute | undefined
  let parents: readonly ClaimedParent[] = []
  return (object) => {
    const isAlike =
      last !== undefined &&
      last.parentRefs === object.parentRefs &&
      last.kind === object.kind &&
      last.metadata.namespace === object.metadata.namespace
    last = object
    if (!isAlike) parents = object.parentRefs.map((ref) => claimParent(ref, object, scope))
    return parents
  }
}

const claimParent = (ref: ParentRef, { kind, metadata }: AnyRoute, scope: ClaimScope): ClaimedParent => {
  const parent = formatParent(ref, metadata.namespace)
  const found = resolveParent(ref, metadata.namespace, scope)
  const { path } = ref
  if (found.kind !== 'attached') return { parent, path, resolved: found, claims: [] }
  const claims = found.parts.flatMap(({ service: { object }, ports }) =>
    ports
      .filter((port) => actsOn(kind, frontendProtocolOf(port, scope.speaksTls(object, port))))
      .map(({ port }) => ({
        kind,
        namespace: metadata.namespace,
        service: object.metadata,
        port,
        key: `${object.metadata.namespace}/${object.metadata.name}:${port}`,
      })),
  )
  if (claims.length === 0) return { parent, path, resolved: kind === 'TLSRoute' ? notTls : notHttp, claims }
  return { parent, path, resolved: found, claims }
}

/** Whether a route has anything to do on a port of that declaration; to a TCPRoute everything is bytes. */
const actsOn = (kind: RouteKind, protocol: PortProtocol): boolean => {
  switch (kind) {
    case 'TCPRoute':
      return true
    case 'TLSRoute':
      return protocol === 'tcp' || protocol === 'tls' || protocol === 'unknown'
    case 'HTTPRoute':
    case 'GRPCRoute':
      return mayCarryRequests(protocol)
  }
}

const notTls: ResolvedParent = {
  kind: 'refused',
  reason: 'NoMatchingParent',
  message:
    'the Service’s ports are declared as HTTP (appProtocol, port name or BackendTLSPolicy): TLS is not looked for there',
}

const notHttp: ResolvedParent = {
  kind: 'refused',
  reason: 'NoMatchingParent',
  message: 'the Service’s ports are declared as TCP or TLS (appProtocol or port name): HTTP is not looked for there',
}

/**
 * What is to be said of the parents that a route does not get. When nobody is there to have any of them, that is
 * said of the route as a whole: it would be the only trace of a route that acts nowhere.
 */
export const refusalConditions = (entry: Entry<AnyRoute>, parents: readonly ClaimedParent[]): readonly Condition[] => {
  if (parents.length > 0 && parents.every(({ resolved }) => resolved.kind === 'attached')) return noConditions
  const base = { type: 'Accepted', status: 'False' } as const
  const refused = parents.flatMap(({ parent, path, resolved }): readonly Condition[] => {
    if (resolved.kind !== 'refused') return []
    const { reason, message } = resolved
    return [conditionOf(entry, { parent, ...base, reason, message, path })]
  })
  const whys = parents.map(({ resolved }) => (resolved.kind === 'foreign' ? resolved.nowhere : undefined))
  if (whys.some((why) => why === undefined)) return refused
  const why = parents.length === 0 ? 'it has no parentRefs' : [...new Set(whys)].join('; ')
  const message = `the route attaches to nothing: ${why}`
  return [conditionOf(entry, { ...base, reason: 'NoMatchingParent', message, path: 'spec.parentRefs' })]
}

const noConditions: readonly Condition[] = []

/** A port that a route of a higher kind has. */
export interface LostPort {
  readonly port: number
  readonly holders: KindRoutes
}

/** The ports of a parent that went to routes of a higher kind. */
export const lostPorts = ({ claims }: ClaimedParent, attachments: Attachments): readonly LostPort[] =>
  claims.flatMap((claim) => {
    const holders = holdersOf(attachments, claim)
    return holders === undefined || holders.kind === claim.kind ? [] : [{ port: claim.port, holders }]
  })

/** Names who has the ports: `port 80 is that of GRPCRoute shop/rpc: of several kinds …`. */
export const formatLostPorts = (lost: readonly LostPort[]): string => {
  const rule = `of several kinds on one port only the first of ${ranking.join(', ')} is in force`
  return `${lost.map(formatLostPort).join('; ')}: ${rule}`
}

const formatLostPort = ({ port, holders: { routes } }: LostPort): string => {
  const names = Array.from(routes, (key) => key.replace('/', ' '))
  return `port ${port} is that of ${nameSome(names, 3)}`
}
