import type { BackendPolicy } from '../../../model/backend/backend-policy.ts'
import { policyParts, type BackendPolicyObject, type PartName } from '../../objects/backend-policy/backend-policy.ts'
import type { WrittenPersistence } from '../../objects/backend-policy/session-persistence.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { comparePrecedence, findTargets, keysOf, type Target, type TargetFault } from '../policy/find-targets.ts'
import { nameSession } from './name-session.ts'

/** The ports of a Service that a BackendPolicy or XBackendTrafficPolicy targets. */
export type BackendTarget = Target<BackendPolicyObject>

/** What becomes of one policy. */
export interface BackendPolicyOutcome {
  readonly policy: Entry<BackendPolicyObject>
  readonly targets: readonly BackendTarget[]
  readonly targetFaults: readonly TargetFault[]
}

/** What all policies come to on one Service port. */
export interface PortPolicy {
  readonly policy: BackendPolicy
  /** Whose part each is. */
  readonly winners: ReadonlyMap<PartName, BackendTarget>
  /** As it is written, for routes, whose rules have sessions of their own. */
  readonly session: WrittenPersistence | undefined
}

export interface BackendPolicies {
  /** By `NAMESPACE/NAME:PORT`; ports without a policy are not there. */
  readonly ports: ReadonlyMap<string, PortPolicy>
  readonly outcomes: readonly BackendPolicyOutcome[]
}

/**
 * Merges all policies on a Service port, part by part: of those that have a part a BackendPolicy comes before an
 * XBackendTrafficPolicy, then Gateway API's rules of precedence hold.
 */
export const translateBackendPolicies = (catalog: Catalog): BackendPolicies => {
  const outcomes = catalog.backendPolicies.map((policy): BackendPolicyOutcome => {
    const { targets, faults } = findTargets(policy, catalog)
    return { policy, targets, targetFaults: faults }
  })
  const targeting = new Map<string, BackendTarget[]>()
  for (const target of outcomes.flatMap(({ targets }) => targets)) {
    for (const key of keysOf(target)) {
      const others = targeting.get(key)
      if (others === undefined) targeting.set(key, [target])
      else others.push(target)
    }
  }
  const ports = new Map<string, PortPolicy>()
  for (const [key, targets] of targeting) {
    const merged = mergeTargets(key, targets.toSorted(compareTargets))
    if (merged !== undefined) ports.set(key, merged)
  }
  return { ports, outcomes }
}

const compareTargets = (a: BackendTarget, b: BackendTarget): number => rankOf(a) - rankOf(b) || comparePrecedence(a, b)

const rankOf = ({ policy }: BackendTarget): number => (policy.object.kind === 'BackendPolicy' ? 0 : 1)

/** `targets` are in order of precedence. */
const mergeTargets = (key: string, targets: readonly BackendTarget[]): PortPolicy | undefined => {
  const winners = new Map<PartName, BackendTarget>()
  for (const part of policyParts) {
    const winner = targets.find(({ policy }) => policy.object.parts[part] !== undefined)
    if (winner !== undefined) winners.set(part, winner)
  }
  if (winners.size === 0) return undefined
  const parts = Object.fromEntries([...winners].map(([part, { policy }]) => [part, policy.object.parts[part]]))
  const source = [...new Set([...winners.values()].map(({ policy }) => policy.object))]
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)
    .join(', ')
  const session = winners.get('sessionPersistence')?.policy.object.parts.sessionPersistence
  const named =
    session === undefined
      ? {}
      : { sessionPersistence: nameSession(session, { owner: `Service ${key}`, sharesName: false }) }
  return { policy: { source, ...parts, ...named }, winners, session }
}
