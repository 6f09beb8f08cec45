import type { Condition } from '../../../model/condition.ts'
import type { ChosenGateway } from '../gateway/choose-gateway.ts'
import { conditionOf } from '../conditions.ts'
import { ancestorOf, missingTargets, withoutTraffic, type Ancestor } from '../policy/target-conditions.ts'
import type { TlsTarget } from './choose-policies.ts'
import type { BackendTlsPolicies, PolicyOutcome } from './translate-backend-tls.ts'

interface PolicyScope {
  readonly policies: BackendTlsPolicies
  readonly gateway: ChosenGateway | undefined
  /** Whether requests may go to the Service port `NAMESPACE/NAME:PORT`. */
  readonly isReached: (key: string) => boolean
}

/**
 * What becomes of each BackendTLSPolicy. Towards our Gateway, its ancestor, when traffic of ours goes to what it
 * targets; otherwise without one: it then acts on nothing here, and this is the only trace of it.
 */
export const backendTlsConditions = (scope: PolicyScope): readonly Condition[] =>
  scope.policies.outcomes.flatMap((outcome) => {
    const { gateway } = scope
    const isReached = outcome.targets.some((target) => target.keys.some(scope.isReached))
    return [
      ...missingTargets(outcome),
      ...(gateway !== undefined && isReached
        ? aboutGateway(outcome, gateway, scope)
        : withoutTraffic(outcome, outcome.failure)),
    ]
  })

/** A port that a policy targets, and whose it is. */
interface Place {
  readonly key: string
  readonly target: TlsTarget
  readonly winner: TlsTarget | undefined
}

const aboutGateway = (
  outcome: PolicyOutcome,
  gateway: ChosenGateway,
  { policies: { chosen } }: PolicyScope,
): readonly Condition[] => {
  const { policy, targets } = outcome
  const ancestor = ancestorOf(gateway)
  const places = targets.flatMap((target) => target.keys.map((key) => ({ key, target, winner: chosen.get(key) })))
  const lost = places.filter(({ winner }) => winner?.policy !== policy.object)
  const conditions = [accepted(outcome, ancestor, lost.length === places.length ? lost : [])]
  // To leave a port to a policy for just that port is no conflict, as long as there are others.
  const contested = lost.filter(({ target, winner }) => winner?.sectionName === target.sectionName)
  if (contested.length > 0 && lost.length < places.length) {
    const message = `for some ports other policies come first: ${formatLost(contested)}`
    const verdict = {
      type: 'Conflicted',
      status: 'True',
      reason: 'Conflicted',
      message,
      path: 'spec.targetRefs',
    } as const
    conditions.push(conditionOf(policy, { ...ancestor, ...verdict }))
  }
  return [...conditions, ...resolvedRefs(outcome, ancestor)]
}

/** `lost` is there when the policy has no port left to act on. */
const accepted = ({ policy, failure }: PolicyOutcome, ancestor: Ancestor, lost: readonly Place[]): Condition => {
  const base = { ...ancestor, type: 'Accepted' } as const
  if (lost.length > 0) {
    const message = `other policies come first: ${formatLost(lost)}`
    return conditionOf(policy, { ...base, status: 'False', reason: 'Conflicted', message, path: 'spec.targetRefs' })
  }
  if (failure !== undefined) {
    const { reason, path } = failure
    const message = `what the policy targets is closed (503): ${failure.message}`
    return conditionOf(policy, { ...base, status: 'False', reason, message, path })
  }
  const message = 'the applications behind its targets are spoken to in TLS'
  return conditionOf(policy, { ...base, status: 'True', reason: 'Accepted', message })
}

const formatLost = (lost: readonly Place[]): string =>
  lost
    .map(({ key, winner }) => `Service port ${key} is that of BackendTLSPolicy ${winner?.policy.metadata.name}`)
    .join('; ')

const resolvedRefs = ({ policy, certificates }: PolicyOutcome, ancestor: Ancestor): readonly Condition[] => {
  const base = { ...ancestor, type: 'ResolvedRefs' } as const
  if (policy.object.validation === undefined) return []
  const [first] = certificates.faults
  if (first === undefined) {
    const message = 'every certificate was found'
    return [conditionOf(policy, { ...base, status: 'True', reason: 'ResolvedRefs', message })]
  }
  const { reason, path } = first
  const message = certificates.faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ')
  return [conditionOf(policy, { ...base, status: 'False', reason, message, path })]
}
