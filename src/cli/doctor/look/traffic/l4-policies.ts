/**
 * What ztunnel decides about a connection to a Pod: AuthorizationPolicies that choose workloads, without all that only a
 * request has (waypoint contract 2.3). By the same code that decides in a waypoint about connections.
 */
import type { AuthorizationPolicyObject } from '../../../../config/objects/authorization-policy/authorization-policy.ts'
import { readDryRun } from '../../../../config/objects/authorization-policy/dry-run.ts'
import { conditionsOf } from '../../../../config/translate/security/judge-rule.ts'
import { valueAt, type LiveObject } from '../../../../controller/manifest.ts'
import { decodeSpiffeId, parseSpiffeId } from '../../../../model/identity.ts'
import {
  isSeenByZtunnel,
  type AuthorizationAction,
  type AuthorizationRule,
  type FieldCondition,
} from '../../../../model/security/authorization.ts'
import { compilePolicy } from '../../../../snapshot/security/compile-policy.ts'
import { matches } from '../../../../snapshot/security/find-misfit.ts'
import type { RulePlan } from '../../../../snapshot/security/policy-plans.ts'
import type { RequestFacts } from '../../../../snapshot/security/request-facts.ts'
import { isSelected, keyOfLive, labelsOf, namespaceOf } from '../live.ts'
import type { Mesh } from '../../mesh/mesh.ts'

/** A policy that ztunnel has for some Pods. */
export interface L4Policy {
  readonly key: string
  readonly live: LiveObject
  readonly object: AuthorizationPolicyObject
  /** As ztunnel has them. */
  readonly rules: readonly RulePlan[]
  /** Rules that say something of what ztunnel does not see, such as requests. */
  readonly unseen: number
}

/** Who connects to a Pod. */
export interface L4Client {
  /** `spiffe://…`; absent: outside of the mesh. */
  readonly principal?: string
  readonly address?: string
}

/** What becomes of a connection. */
export type L4Verdict =
  | { readonly kind: 'allowed' }
  /** By a DENY policy, or by none of these ALLOW policies. */
  | { readonly kind: 'denied'; readonly by: readonly string[] }

/** All policies of the cluster that ztunnel is given. */
export const l4Policies = (mesh: Mesh): readonly L4Policy[] =>
  mesh.facts.objects.flatMap(({ read }) => {
    if (read.state !== 'typed' || read.object.kind !== 'AuthorizationPolicy') return []
    const { object } = read
    if (object.target.kind === 'refs' || object.target.kind === 'unreadable') return []
    const live = mesh.get('AuthorizationPolicy', object.metadata.namespace, object.metadata.name)
    if (live === undefined) return []
    // Trust domains stay as they are written: ztunnel takes none for another, not even cluster.local for the mesh’s own.
    const written = object.rules
    const rules = written.flatMap((rule) => ofZtunnel(rule, object.action) ?? [])
    const key = keyOfLive(live)
    const compiling = compilePolicy({ key, action: object.action, isDryRun: false, rules })
    let step = compiling.next()
    while (step.done !== true) step = compiling.next()
    return [
      {
        key,
        live,
        object,
        rules: step.value.connectionRules,
        unseen: written.filter((rule) => !conditionsOf(rule).every(isSeenByZtunnel)).length,
      },
    ]
  })

/** Those that are about a Pod: of its namespace, or of the root namespace, and chosen by its labels. */
export const policiesFor = (
  policies: readonly L4Policy[],
  pod: LiveObject,
  rootNamespace: string,
): readonly L4Policy[] =>
  policies.filter(({ live, object }) => {
    const { namespace } = object.metadata
    if (namespace !== namespaceOf(pod) && namespace !== rootNamespace) return false
    if (readDryRun(object.metadata) === true) return false
    return object.target.kind === 'none' || isSelected(valueAt(live, 'spec', 'selector'), labelsOf(pod))
  })

/** Decides as ztunnel does: DENY first, then with ALLOW policies one of them has to. */
export const judge = (policies: readonly L4Policy[], client: L4Client, port: number): L4Verdict => {
  const facts = factsOf(client, port)
  const isMatch = ({ rules }: L4Policy): boolean => rules.some((rule) => matches(rule, facts))
  const denying = policies.filter(({ object }) => object.action === 'DENY').find(isMatch)
  if (denying !== undefined) return { kind: 'denied', by: [denying.key] }
  const allowing = policies.filter(({ object }) => object.action === 'ALLOW')
  if (allowing.length === 0 || allowing.some(isMatch)) return { kind: 'allowed' }
  return { kind: 'denied', by: allowing.map(({ key }) => key) }
}

const factsOf = ({ principal, address = '' }: L4Client, port: number): RequestFacts => {
  const known = principal === undefined ? undefined : decodeSpiffeId(principal)
  const id = known === undefined ? undefined : parseSpiffeId(known)
  return {
    request: undefined,
    source: { principal: known, namespace: id?.namespace, serviceAccount: id?.serviceAccount, address },
    destinationAddresses: [],
    destinationPort: port,
    sni: undefined,
    token: undefined,
  }
}

/** What a ztunnel makes of a rule; `undefined`: nothing that has an effect. */
const ofZtunnel = (rule: AuthorizationRule, action: AuthorizationAction): AuthorizationRule | undefined => {
  if (conditionsOf(rule).every(isSeenByZtunnel)) return rule
  if (action === 'ALLOW') return undefined
  const seen = (conditions: readonly FieldCondition[]) => conditions.filter(isSeenByZtunnel)
  const left = { from: rule.from.map(seen), to: rule.to.map(seen), when: seen(rule.when) }
  return conditionsOf(left).length === 0 ? undefined : left
}
