/** What policies that name their targets have in common, whatever they ask for (GEP-713). */
import type { Metadata } from '../../objects/metadata.ts'
import type { PolicyTargetRef } from '../../objects/target-refs.ts'
import type { ServiceObject } from '../../objects/service.ts'
import type { Entry } from '../catalog.ts'
import type { Lookup } from '../memory.ts'
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

/** The ports of a Service, or of the hosts of a ServiceEntry, that a policy targets. */
export interface Target<P extends TargetingPolicy = TargetingPolicy> {
  readonly policy: P
  readonly path: string
  /** `Service NAMESPACE/NAME` or `ServiceEntry NAMESPACE/NAME`, for people. */
  readonly subject: string
  readonly sectionName: string | undefined
  /** Of its ports: `NAMESPACE/NAME:PORT`, or `NAMESPACE/HOST:PORT`. */
  readonly keys: readonly string[]
}

/** What the references of a policy come to. */
export interface FoundTargets<P extends TargetingPolicy> {
  readonly targets: readonly Target<P>[]
  readonly faults: readonly TargetFault[]
}

/** What targets are looked up in, by `NAMESPACE/NAME`. */
// A type and not an interface: only those have an index signature of their own accord.
export type TargetLookups = {
  readonly services: Lookup<Subject>
  /** The hosts that are served of a ServiceEntry; `undefined` when there is none of that name. */
  readonly entries: Lookup<readonly Subject[]>
}

type Subject = Pick<Entry<ServiceObject>, 'object'>

/** Follows the references of a policy, all within its namespace. */
export const findTargets = <P extends TargetingPolicy>(policy: P, lookups: TargetLookups): FoundTargets<P> => {
  const found = policy.targetRefs.map((ref) => findTarget(ref, policy, lookups))
  return {
    targets: found.flatMap((result) => ('keys' in result ? [result] : [])),
    faults: found.flatMap((result) => ('reason' in result ? [result] : [])),
  }
}

const findTarget = <P extends TargetingPolicy>(
  ref: PolicyTargetRef,
  policy: P,
  lookups: TargetLookups,
): Target<P> | TargetFault => {
  const { sectionName, path } = ref
  const key = `${policy.metadata.namespace}/${ref.name}`
  const missing = (message: string): TargetFault => ({ reason: 'TargetNotFound', message, path })
  const kind = kindOf(ref)
  if (kind === undefined) {
    const written = ref.group === '' ? ref.kind : `${ref.group}/${ref.kind}`
    const message = `a target of kind ${written} is not supported, only a Service or a ServiceEntry of networking.istio.io is`
    return { reason: 'Invalid', message, path }
  }
  const subject = `${kind} ${key}`
  const found = kind === 'Service' ? listOf(lookups.services.get(key)) : lookups.entries.get(key)
  if (found === undefined) return missing(`there is no readable ${subject} among the objects`)
  if (found.length === 0) return missing(`no host of ${subject} is served`)
  const all = found.flatMap(({ object }) => tcpPortsOf(object).map((port) => ({ of: object.metadata, port })))
  const meant = all.filter(({ port }) => sectionName === undefined || port.name === sectionName)
  if (meant.length > 0) {
    const keys = meant.map(({ of, port: { port } }) => `${of.namespace}/${of.name}:${port}`)
    return { policy, path, subject, sectionName, keys }
  }
  const names = [...new Set(all.map(({ port }) => port.name ?? String(port.port)))].join(', ') || 'none'
  return missing(
    sectionName === undefined
      ? `${subject} has no TCP port`
      : `${subject} has no port called ${sectionName}; it has ${names}`,
  )
}

const kindOf = ({ group, kind }: PolicyTargetRef): 'Service' | 'ServiceEntry' | undefined => {
  if (kind === 'Service' && (group === '' || group === 'core')) return kind
  return kind === 'ServiceEntry' && group === 'networking.istio.io' ? kind : undefined
}

const listOf = (service: Subject | undefined): readonly Subject[] | undefined => service && [service]

/** What the order of policies that target the same depends on. */
export interface Ranked {
  readonly policy: { readonly metadata: Metadata }
  readonly sectionName: string | undefined
}

/**
 * Which of two targets of one thing comes first: one for a part of it before one for the whole, then the
 * oldest, then the first by name (Gateway API's rules for policies that target the same).
 */
export const comparePrecedence = (a: Ranked, b: Ranked): number => {
  if (isForPart(a) !== isForPart(b)) return isForPart(a) ? -1 : 1
  const [ours, theirs] = [a.policy.metadata, b.policy.metadata]
  const [age, otherAge] = [ours.createdAtMs ?? Infinity, theirs.createdAtMs ?? Infinity]
  if (age !== otherAge) return age < otherAge ? -1 : 1
  // Both stand in the target's namespace, so names are enough.
  return ours.name < theirs.name ? -1 : ours.name > theirs.name ? 1 : 0
}

const isForPart = ({ sectionName }: Ranked): boolean => sectionName !== undefined
