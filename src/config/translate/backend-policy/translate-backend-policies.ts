import type { BackendPolicy } from '../../../model/backend/backend-policy.ts'
import { policyParts, type BackendPolicyObject, type PartName } from '../../objects/backend-policy/backend-policy.ts'
import type { WrittenPersistence } from '../../objects/backend-policy/session-persistence.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { createMemory } from '../memory.ts'
import {
  comparePrecedence,
  findTargets,
  type FoundTargets,
  type Target,
  type TargetLookups,
} from '../policy/find-targets.ts'
import { nameSession } from './name-session.ts'

/** The ports of a Service that a BackendPolicy or XBackendTrafficPolicy targets. */
export type BackendTarget = Target<BackendPolicyObject>

/** What becomes of one policy. */
export interface BackendPolicyOutcome {
  readonly policy: Entry<BackendPolicyObject>
  /** The very same for as long as they come to the same. */
  readonly found: FoundTargets<BackendPolicyObject>
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

/** Merges all policies on each Service port. */
export type TranslateBackendPolicies = (catalog: Catalog, entries: TargetLookups['entries']) => BackendPolicies

/**
 * Makes what merges policies part by part: of those that have a part a BackendPolicy comes before an
 * XBackendTrafficPolicy, then Gateway API's rules of precedence hold. With a memory: there may be one for each of thousands
 * of Services, and what an endpoint does changes none of them.
 */
export const createBackendPolicyTranslation = (): TranslateBackendPolicies => {
  const remember = createMemory<FoundTargets<BackendPolicyObject>, TargetLookups>()
  let known: ReadonlyMap<string, MergedPort> = new Map()
  return (catalog, entries) => {
    const lookups: TargetLookups = { services: catalog.services, entries }
    const outcomes = catalog.backendPolicies.map((policy): BackendPolicyOutcome => {
      const { object } = policy
      return { policy, found: remember(object, lookups, (seen) => findTargets(object, seen)) }
    })
    const merged = new Map<string, MergedPort>()
    const ports = new Map<string, PortPolicy>()
    for (const [key, targets] of groupTargets(outcomes)) {
      const before = known.get(key)
      const isSame = before !== undefined && isSameList(before.targets, targets)
      const port = isSame ? before.port : mergeTargets(key, targets.toSorted(compareTargets))
      merged.set(key, isSame ? before : { targets, port })
      if (port !== undefined) ports.set(key, port)
    }
    known = merged
    return { ports, outcomes }
  }
}

interface MergedPort {
  readonly targets: readonly BackendTarget[]
  readonly port: PortPolicy | undefined
}

const isSameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index])

/** All targets of each port. */
const groupTargets = (outcomes: readonly BackendPolicyOutcome[]): ReadonlyMap<string, readonly BackendTarget[]> => {
  const groups = new Map<string, BackendTarget[]>()
  for (const { found } of outcomes) {
    for (const target of found.targets) {
      for (const key of target.keys) {
        const others = groups.get(key)
        if (others === undefined) groups.set(key, [target])
        else others.push(target)
      }
    }
  }
  return groups
}

const compareTargets = (a: BackendTarget, b: BackendTarget): number => rankOf(a) - rankOf(b) || comparePrecedence(a, b)

const rankOf = ({ policy }: BackendTarget): number => (policy.kind === 'BackendPolicy' ? 0 : 1)

/** `targets` are in order of precedence. */
const mergeTargets = (key: string, targets: readonly BackendTarget[]): PortPolicy | undefined => {
  const winners = new Map<PartName, BackendTarget>()
  for (const part of policyParts) {
    const winner = targets.find(({ policy }) => policy.parts[part] !== undefined)
    if (winner !== undefined) winners.set(part, winner)
  }
  if (winners.size === 0) return undefined
  const parts = Object.fromEntries([...winners].map(([part, { policy }]) => [part, policy.parts[part]]))
  const source = [...new Set([...winners.values()].map(({ policy }) => policy))]
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)
    .join(', ')
  const session = winners.get('sessionPersistence')?.policy.parts.sessionPersistence
  const named =
    session === undefined
      ? {}
      : { sessionPersistence: nameSession(session, { owner: `Service ${key}`, sharesName: false }) }
  return { policy: { source, ...parts, ...named }, winners, session }
}
