import type { Issue } from '../../../lib/decoded.ts'
import type { Condition } from '../../../model/condition.ts'
import type { ChosenGateway } from '../gateway/choose-gateway.ts'
import { conditionOf, formatFaults, type Verdict } from '../conditions.ts'
import type { Entry } from '../catalog.ts'
import type { Target, TargetFault, TargetingPolicy } from './find-targets.ts'

/** What a policy's references came to. */
export interface TargetOutcome {
  readonly policy: Entry<TargetingPolicy>
  readonly targets: readonly Target[]
  readonly targetFaults: readonly TargetFault[]
}

/** What the conditions of a policy about our Gateway begin with. */
export type Ancestor = Pick<Verdict, 'parent' | 'parentRef'>

/** Our Gateway as the ancestor of what a policy targets. */
export const ancestorOf = ({ entry }: ChosenGateway): Ancestor => {
  const { namespace, name } = entry.object.metadata
  return {
    parent: `Gateway ${namespace}/${name}`,
    parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace, name },
  }
}

/** The references that lead nowhere, in words. */
export const describeFaults = (faults: readonly TargetFault[]): string =>
  faults.map(({ path, message }) => `${path}: ${message}`).join('; ')

/** Whether an object can be read and all that it names is there; then `message`. */
export const acceptedVerdict = (
  defects: readonly Issue[],
  faults: readonly TargetFault[],
  message: string,
): Verdict => {
  const type = 'Accepted'
  const [defect] = defects
  if (defect !== undefined) {
    return { type, status: 'False', reason: 'Invalid', message: formatFaults(defects), path: defect.path ?? 'spec' }
  }
  const [fault] = faults
  if (fault === undefined) return { type, status: 'True', reason: 'Accepted', message }
  return { type, status: 'False', reason: fault.reason, message: describeFaults(faults), path: fault.path }
}

/** The references that lead nowhere, all in one condition. */
export const missingTargets = ({ policy, targetFaults }: TargetOutcome): readonly Condition[] => {
  const [first] = targetFaults
  if (first === undefined) return []
  const { reason, path } = first
  return [
    conditionOf(policy, { type: 'Accepted', status: 'False', reason, message: describeFaults(targetFaults), path }),
  ]
}

/**
 * A policy that no traffic of ours meets, with its other `failure` if it has one. Nothing more is said of one whose
 * targets are missing, all of them.
 */
export const withoutTraffic = (
  { policy, targets, targetFaults }: TargetOutcome,
  failure: Pick<Verdict, 'reason' | 'message' | 'path'> | undefined,
): readonly Condition[] => {
  const base = { type: 'Accepted', status: 'False' } as const
  if (failure !== undefined) return targetFaults.length === 0 ? [conditionOf(policy, { ...base, ...failure })] : []
  if (targets.length === 0 || targetFaults.length > 0) return []
  const subjects = [...new Set(targets.map(({ subject }) => subject))].join(', ')
  const message = `the policy acts on nothing: no traffic of this waypoint goes to what it targets of ${subjects}`
  return [conditionOf(policy, { ...base, reason: 'TargetNotFound', message, path: 'spec.targetRefs' })]
}
