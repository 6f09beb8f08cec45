import type { BackendTlsPolicyObject, PolicyTargetRef } from '../../objects/backend-tls-policy.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { tcpPortsOf } from '../service/service-facts.ts'

export type PolicyEntry = Entry<BackendTlsPolicyObject>

/** A reference of a policy to something that is not there. */
export interface TargetFault {
  readonly reason: 'Invalid' | 'TargetNotFound'
  readonly message: string
  readonly path: string
}

/** The ports of a Service that a policy targets. */
export interface Target {
  readonly policy: PolicyEntry
  readonly path: string
  /** `NAMESPACE/NAME` */
  readonly service: string
  readonly sectionName: string | undefined
  readonly ports: readonly number[]
}

/** Follows the references of a policy, all within its namespace. */
export const findTargets = (
  policy: PolicyEntry,
  catalog: Catalog,
): { readonly targets: readonly Target[]; readonly faults: readonly TargetFault[] } => {
  const found = policy.object.targetRefs.map((ref) => findTarget(ref, policy, catalog))
  return {
    targets: found.flatMap((result) => ('ports' in result ? [result] : [])),
    faults: found.flatMap((result) => ('reason' in result ? [result] : [])),
  }
}

const findTarget = (ref: PolicyTargetRef, policy: PolicyEntry, catalog: Catalog): Target | TargetFault => {
  const { group, kind, name, sectionName, path } = ref
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

/**
 * Which policy each Service port has, by `NAMESPACE/NAME:PORT`: one for the port before one for the whole Service, then
 * the oldest, then the first by name (Gateway API's rules for policies that target the same).
 */
export const choosePolicies = (targets: readonly Target[]): ReadonlyMap<string, Target> => {
  const chosen = new Map<string, Target>()
  for (const target of targets) {
    for (const port of target.ports) {
      const key = `${target.service}:${port}`
      const other = chosen.get(key)
      if (other === undefined || comparePrecedence(target, other) < 0) chosen.set(key, target)
    }
  }
  return chosen
}

const comparePrecedence = (a: Target, b: Target): number => {
  if (isForPort(a) !== isForPort(b)) return isForPort(a) ? -1 : 1
  const [ours, theirs] = [a.policy.object.metadata, b.policy.object.metadata]
  const [age, otherAge] = [ours.createdAtMs ?? Infinity, theirs.createdAtMs ?? Infinity]
  if (age !== otherAge) return age < otherAge ? -1 : 1
  // Both stand in the Service's namespace, so names are enough.
  return ours.name < theirs.name ? -1 : ours.name > theirs.name ? 1 : 0
}

const isForPort = ({ sectionName }: Target): boolean => sectionName !== undefined
