import type { Issue } from '../../../lib/decoded.ts'
import type { Condition } from '../../../model/condition.ts'
import type { Metadata } from '../../objects/metadata.ts'
import type { PolicyTarget } from '../../objects/policy-target.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf, formatFaults, type Verdict } from '../conditions.ts'
import { resolveTargets, type ResolvedTargets, type TargetScope } from './resolve-targets.ts'
import { nameSome } from '../../../lib/lists/name-some.ts'

/** A security policy as far as its attachment goes. */
export interface AttachedPolicy {
  readonly kind: string
  readonly metadata: Metadata
  readonly target: PolicyTarget
  /** Why it cannot be carried out. */
  readonly defects: readonly Issue[]
}

/** A security policy and what of this waypoint it is about. */
export interface Attachment<P extends AttachedPolicy> {
  readonly policy: Entry<P>
  readonly targets: ResolvedTargets
  /** Why all that it is about must be refused; `undefined` when it can be carried out. */
  readonly closed: string | undefined
  /** Who carries it out, where that is no waypoint's business and all is well. */
  readonly elsewhere?: string
}

/** Whether a policy names no target, and so is none for a waypoint. */
export const hasNoTargets = ({ policy }: Attachment<AttachedPolicy>): boolean =>
  ['none', 'selector'].includes(policy.object.target.kind)

/** Finds what policies are about; one that cannot be carried out closes it (503), whatever else is there. */
export const attachPolicies = <P extends AttachedPolicy>(
  policies: readonly Entry<P>[],
  scope: TargetScope,
): readonly Attachment<P>[] =>
  policies.map((policy) => {
    const { kind, metadata, target, defects } = policy.object
    const targets = resolveTargets(target, metadata, scope)
    const why = `${kind} ${metadata.namespace}/${metadata.name} cannot be carried out`
    return { policy, targets, closed: defects.length === 0 ? undefined : why }
  })

/** Whether Pods are served at their own addresses, so that a policy can be about them. */
export const servesPods = ({ gateway }: TargetScope): boolean =>
  gateway?.trafficType === 'workload' || gateway?.trafficType === 'all'

/** Whether a policy is carried out on anything. */
const isCarriedOut = ({ closed, targets, policy }: Attachment<AttachedPolicy>, hasPods: boolean): boolean =>
  closed === undefined &&
  (targets.services.length > 0 || (hasPods && targets.takesPods(policy.object.metadata.namespace)))

/** What policies close: reasons by Service key, and for the Pods of a namespace. */
export interface ClosedByPolicies {
  readonly services: ReadonlyMap<string, string>
  readonly pods: (namespace: string) => string | undefined
}

/** All that is closed by policies which cannot be carried out. */
const closedBy = (attachments: readonly Attachment<AttachedPolicy>[]): ClosedByPolicies => ({
  services: new Map(
    attachments.flatMap(({ targets, closed }) =>
      closed === undefined ? [] : targets.services.map((key) => [key, closed] as const),
    ),
  ),
  pods: (namespace) =>
    attachments.find(({ targets, closed }) => closed !== undefined && targets.takesPods(namespace))?.closed,
})

/** Keys of the policies in force, by what they are in force on. */
export interface PoliciesInForce {
  /** By Service key; none for those without any. */
  readonly services: ReadonlyMap<string, readonly string[]>
  /** For the Pods of a namespace. */
  readonly pods: (namespace: string) => readonly string[]
}

/** Which policies are in force where, in the order of the policies. */
const inForce = (attachments: readonly Attachment<AttachedPolicy>[]): PoliciesInForce => {
  const carriedOut = attachments.filter(({ closed }) => closed === undefined)
  const services = new Map<string, string[]>()
  for (const { policy, targets } of carriedOut) {
    for (const service of targets.services) {
      const keys = services.get(service)
      if (keys === undefined) services.set(service, [keyOf(policy.object)])
      else keys.push(keyOf(policy.object))
    }
  }
  const pods = (namespace: string): readonly string[] =>
    carriedOut.flatMap(({ policy, targets }) => (targets.takesPods(namespace) ? [keyOf(policy.object)] : []))
  return { services, pods }
}

/** What models call a policy. */
export const keyOf = ({ metadata }: Pick<AttachedPolicy, 'metadata'>): string =>
  `${metadata.namespace}/${metadata.name}`

/** What of a policy can have no effect, for people. */
export interface PolicyNotes {
  readonly texts: readonly string[]
  /** `NeverMatches`: that is a whole rule of it. */
  readonly reason: 'UnsupportedValue' | 'NeverMatches'
}

/**
 * Tells what became of a policy: what it is in force on, or closes, or why on nothing; and what of it, as its `notes` have
 * it, can have no effect.
 */
const attachmentConditions = (
  { policy, targets, closed, elsewhere }: Attachment<AttachedPolicy>,
  { hasPods, notes }: { readonly hasPods: boolean; readonly notes: PolicyNotes },
): readonly Condition[] => {
  const { defects, metadata } = policy.object
  const where = formatWhere(targets, hasPods && targets.takesPods(metadata.namespace))
  const lost = targets.faults.map(({ message, path }) => `${path}: ${message}`)
  const [fault] = targets.faults
  const tell = (verdict: Verdict): Condition => conditionOf(policy, verdict)
  const accepted = { type: 'Accepted', status: 'False' } as const
  if (closed !== undefined) {
    const effect = where === '' ? 'it closes nothing here' : `what it targets is closed (503): ${where}`
    const message = `the policy cannot be carried out, ${effect}: ${formatFaults(defects)}`
    return [tell({ ...accepted, reason: 'Invalid', message, path: defects[0]?.path ?? 'spec' })]
  }
  const isWell = { type: 'Accepted', status: 'True', reason: 'Accepted' } as const
  if (elsewhere !== undefined) return [tell({ ...isWell, message: elsewhere })]
  if (where === '') {
    const message = lost.length === 0 ? 'it targets nothing of this waypoint' : lost.join('; ')
    return [tell({ ...accepted, reason: 'TargetNotFound', message, path: fault?.path ?? 'spec' })]
  }
  const partly = [...lost, ...notes.texts]
  const effect: Verdict = { ...isWell, message: `in force on ${where}` }
  if (partly.length === 0) return [tell(effect)]
  const reason = lost.length > 0 ? 'TargetNotFound' : notes.reason
  const message = `without effect: ${partly.join('; ')}`
  return [
    tell(effect),
    tell({ type: 'PartiallyInvalid', status: 'True', reason, message, path: fault?.path ?? 'spec' }),
  ]
}

/** What the security policies of one kind come to. */
export interface TranslatedPolicies<Policy> {
  /** Those that are in force on anything, sorted by key. */
  readonly policies: readonly Policy[]
  readonly inForce: PoliciesInForce
  readonly closed: ClosedByPolicies
  readonly conditions: readonly Condition[]
}

/** Translates attached policies, which come sorted by key, by what is made of one and what there is to be noted of it. */
export const translateAttached = <P extends AttachedPolicy, Policy>(
  attachments: readonly Attachment<P>[],
  scope: TargetScope,
  by: { readonly policyOf: (object: P) => Policy; readonly notesOf: (attachment: Attachment<P>) => PolicyNotes },
): TranslatedPolicies<Policy> => {
  const hasPods = servesPods(scope)
  return {
    policies: attachments
      .filter((attachment) => isCarriedOut(attachment, hasPods))
      .map(({ policy }) => by.policyOf(policy.object)),
    inForce: inForce(attachments),
    closed: closedBy(attachments),
    conditions: attachments.flatMap((attachment) =>
      attachmentConditions(attachment, { hasPods, notes: by.notesOf(attachment) }),
    ),
  }
}

/** How many Services are named before they are only counted. */
const SHOWN = 5

const formatWhere = ({ services }: ResolvedTargets, withPods: boolean): string => {
  return [
    ...(services.length === 0 ? [] : [nameSome(services, SHOWN)]),
    ...(withPods ? ['Pods of this waypoint'] : []),
  ].join(', and ')
}
