/** What policies that name their targets have in common, whatever they ask for (GEP-713). */
import type { Metadata } from '../../objects/metadata.ts'
import type { PolicyTargetRef } from '../../objects/target-refs.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { tcpPortsOf } from '../service/service-facts.ts'

/** A policy that is attached to what it names. */
export interface TargetingPolicy {
  readonly kind: string
  readonly metadata: Metadata
  readonly targetRefs: readonly PolicyTargetRef[]
}

/** A reference of a policy to something that is not there. */
export interface TargetFault {
  readonly reason: 'Invalid' | 'TargetNotFound'
  readonly message: string
  readonly path: string
}

/** The ports of a Service that a policy targets. */
export interface Target<P extends TargetingPolicy = TargetingPolicy> {
  readonly policy: Entry<P>
  readonly path: string
  /** `NAMESPACE/NAME` */
  readonly service: string
  readonly sectionName: string | undefined
  readonly ports: readonly number[]
}

/** What the references of a policy come to. */
export interface FoundTargets<P extends TargetingPolicy> {
  readonly targets: readonly Target<P>[]
  readonly faults: readonly TargetFault[]
}

/** Follows the references of a policy, all within its namespace. */
export const findTargets = <P extends TargetingPolicy>(policy: Entry<P>, catalog: Catalog): FoundTargets<P> => {
  const found = policy.object.targetRefs.map((ref) => findTarget(ref, policy, catalog))
  return {
    targets: found.flatMap((result) => ('ports' in result ? [result] : [])),
    faults: found.flatMap((result) => ('reason' in result ? [result] : [])),
  }
}

const findTarget = <P extends TargetingPolicy>(
  { group, kind, name, sectionName, path }: PolicyTargetRef,
  policy: Entry<P>,
  catalog: Catalog,
): Target<P> | TargetFault => {
  if (kind !== 'Service' || (group !== '' && group !== 'core')) {
    const written = group === '' ? kind : `${group}/${kind}`
    return { reason: 'Invalid', message: `a target of kind ${written} is not supported, only a Service is`, path }
  }
  const key = `${policy.object.metadata.namespace}/${name}`
  const service = catalog.services.get(key)?.object
  const missing = (message: string): TargetFault => ({ reason: 'TargetNotFound', message, path })
  if (service === undefined) return missing(`there is no readable Service ${key} among the objects`)
  const all = tcpPortsOf(service)
  const ports = all.filter((port) => sectionName === undefined || port.name === sectionName).map(({ port }) => port)
  if (ports.length > 0) return { policy, path, service: key, sectionName, ports }
  const names = all.map((port) => port.name ?? String(port.port)).join(', ') || 'none'
  return missing(
    sectionName === undefined
      ? `Service ${key} has no TCP port`
      : `Service ${key} has no port called ${sectionName}; it has ${names}`,
  )
}

/** The ports of a target as others know them: `NAMESPACE/NAME:PORT`. */
export const keysOf = ({ service, ports }: Target): readonly string[] => ports.map((port) => `${service}:${port}`)

/**
 * Which of two targets of one Service port comes first: one for the port before one for the whole Service, then the
 * oldest, then the first by name (Gateway API's rules for policies that target the same).
 */
export const comparePrecedence = (a: Target, b: Target): number => {
  if (isForPort(a) !== isForPort(b)) return isForPort(a) ? -1 : 1
  const [ours, theirs] = [a.policy.object.metadata, b.policy.object.metadata]
  const [age, otherAge] = [ours.createdAtMs ?? Infinity, theirs.createdAtMs ?? Infinity]
  if (age !== otherAge) return age < otherAge ? -1 : 1
  // Both stand in the Service's namespace, so names are enough.
  return ours.name < theirs.name ? -1 : ours.name > theirs.name ? 1 : 0
}

const isForPort = ({ sectionName }: Target): boolean => sectionName !== undefined
