import type { Condition } from '../../../model/condition.ts'
import {
  fieldOfPart,
  policyParts,
  type BackendPolicyObject,
  type PartName,
} from '../../objects/backend-policy/backend-policy.ts'
import type { ChosenGateway } from '../gateway/choose-gateway.ts'
import { conditionOf, formatFaults, type Verdict } from '../conditions.ts'
import { ancestorOf, missingTargets, withoutTraffic } from '../policy/target-conditions.ts'
import type { BackendPolicies, BackendPolicyOutcome, BackendTarget, PortPolicy } from './translate-backend-policies.ts'

interface PolicyScope {
  readonly policies: BackendPolicies
  readonly gateway: ChosenGateway | undefined
  /** Whether requests may go to the Service port `NAMESPACE/NAME:PORT`. */
  readonly isReached: (key: string) => boolean
}

/** Says what becomes of each BackendPolicy and XBackendTrafficPolicy. */
export type BackendPolicyConditions = (scope: PolicyScope) => readonly Condition[]

/**
 * Makes what says so: towards our Gateway, the policy's ancestor, when traffic of ours goes to what it targets; otherwise
 * without one: it then acts on nothing here, and this is the only trace of it. It remembers what it said of those that have
 * not changed.
 */
export const createBackendPolicyConditions = (): BackendPolicyConditions => {
  const told = new WeakMap<BackendPolicyObject, Told>()
  return (scope) =>
    scope.policies.outcomes.flatMap((outcome) => {
      const { object } = outcome.policy
      const seen = lookAround(outcome, scope)
      const before = told.get(object)
      if (before !== undefined && isSame(before.seen, seen)) return before.conditions
      const conditions = judge(outcome, scope, seen)
      // Those with a position are of one place, and the next time the object may stand elsewhere.
      if (conditions.every(({ position }) => position === undefined)) told.set(object, { seen, conditions })
      return conditions
    })
}

/** All that the conditions of a policy depend on beside itself. */
interface Surroundings {
  readonly gateway: object | undefined
  readonly found: object
  readonly isReached: boolean
  /** On the ports that it targets. */
  readonly ports: readonly (PortPolicy | undefined)[]
}

interface Told {
  readonly seen: Surroundings
  readonly conditions: readonly Condition[]
}

const lookAround = ({ found }: BackendPolicyOutcome, { policies, gateway, isReached }: PolicyScope): Surroundings => {
  const keys = found.targets.flatMap((target) => target.keys)
  return {
    gateway: gateway?.entry.object,
    found,
    isReached: keys.some(isReached),
    ports: keys.map((key) => policies.ports.get(key)),
  }
}

const isSame = (a: Surroundings, b: Surroundings): boolean =>
  a.gateway === b.gateway &&
  a.found === b.found &&
  a.isReached === b.isReached &&
  a.ports.every((port, index) => port === b.ports[index])

const judge = (
  outcome: BackendPolicyOutcome,
  { gateway, policies }: PolicyScope,
  { isReached }: Surroundings,
): readonly Condition[] => {
  const { policy, found } = outcome
  const targeting = { policy, targets: found.targets, targetFaults: found.faults }
  return [
    ...missingTargets(targeting),
    ...(gateway !== undefined && isReached
      ? aboutGateway(outcome, gateway, policies)
      : withoutTraffic(targeting, failureOf(outcome))),
  ]
}

type Failure = Pick<Verdict, 'reason' | 'message' | 'path'>

/** Why nothing of a policy can be carried out, if that is so. */
const failureOf = ({ policy: { object }, found }: BackendPolicyOutcome): Failure | undefined => {
  const [defect] = object.defects
  if (defect === undefined || (partsOf(object.parts).length > 0 && found.targets.length > 0)) return undefined
  const message = `the policy has no effect, what it targets is served as without it: ${formatFaults(object.defects)}`
  return { reason: 'Invalid', message, path: defect.path ?? 'spec' }
}

const partsOf = (parts: Readonly<Partial<Record<PartName, unknown>>>): readonly PartName[] =>
  policyParts.filter((part) => parts[part] !== undefined)

/** A part of the policy on a port that it targets, and whose part is in force there. */
interface Place {
  readonly key: string
  readonly part: PartName
  readonly target: BackendTarget
  readonly winner: BackendTarget | undefined
}

const aboutGateway = (
  outcome: BackendPolicyOutcome,
  gateway: ChosenGateway,
  { ports }: BackendPolicies,
): readonly Condition[] => {
  const { policy, found } = outcome
  const tell = (verdict: Verdict): Condition => conditionOf(policy, { ...ancestorOf(gateway), ...verdict })
  const failure = failureOf(outcome)
  if (failure !== undefined) return [tell({ type: 'Accepted', status: 'False', ...failure })]
  const parts = partsOf(policy.object.parts)
  const places = found.targets.flatMap((target) =>
    target.keys.flatMap((key) =>
      parts.map((part): Place => ({ key, part, target, winner: ports.get(key)?.winners.get(part) })),
    ),
  )
  const isOwn = ({ winner }: Place): boolean => winner?.policy === policy.object
  const lost = places.filter((place) => !isOwn(place))
  const verdicts = accepted(policy.object, places.filter(isOwn), lost)
  // Whoever has lost everything need not be told that some of it was wrong.
  return [...verdicts, ...(lost.length === places.length ? [] : leftOut(policy.object))].map(tell)
}

/** What a policy has got of what it asks for, and what it has lost to others. */
const accepted = (
  { kind, parts }: BackendPolicyObject,
  own: readonly Place[],
  lost: readonly Place[],
): readonly Verdict[] => {
  const conflict = { reason: 'Conflicted', path: 'spec.targetRefs' } as const
  if (own.length === 0) {
    const message = `other policies come first: ${formatLost(lost)}`
    return [{ type: 'Accepted', status: 'False', ...conflict, message }]
  }
  const inForce = partsOf(parts).filter((part) => own.some((place) => place.part === part))
  const message = `in force: ${inForce.map((part) => fieldOfPart(kind, part)).join(', ')}`
  const contested = lost.filter(isContested)
  return [
    { type: 'Accepted', status: 'True', reason: 'Accepted', message },
    ...(contested.length === 0
      ? []
      : [{ type: 'Conflicted', status: 'True', ...conflict, message: formatContested(contested) } as const]),
  ]
}

const leftOut = ({ defects }: BackendPolicyObject): readonly Verdict[] => {
  const [first] = defects
  if (first === undefined) return []
  const message = `left out, the rest is in force: ${formatFaults(defects)}`
  const path = first.path ?? 'spec'
  return [{ type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message, path }]
}

/** To leave a port to a policy of the same kind for just that port is no conflict, as long as something else remains. */
const isContested = ({ target, winner }: Place): boolean =>
  winner?.sectionName === target.sectionName || winner?.policy.kind !== target.policy.kind

const formatContested = (lost: readonly Place[]): string => `for a part other policies come first: ${formatLost(lost)}`

/** How many parts are named before they are only counted. */
const SHOWN = 8

const formatLost = (lost: readonly Place[]): string => {
  const shown = lost.slice(0, SHOWN).map(({ key, part, target, winner }) => {
    const { kind, metadata } = winner?.policy ?? target.policy
    const field = fieldOfPart(target.policy.kind, part)
    return `${kind} ${metadata.namespace}/${metadata.name} decides ${field} of Service port ${key}`
  })
  const more = lost.length - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join('; ')
}
