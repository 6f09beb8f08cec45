import type { AuthorizationPolicy, FieldCondition } from '../../model/security/authorization.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import type { FactsMatcher } from './match/field.ts'

/** All policies that apply to a frontend, so that those that cannot match a request are not asked. */
export interface AuthorizationIndex {
  /** In the order of their keys. */
  readonly policies: readonly PolicyPlan[]
  readonly requests: RuleSets
  /** For connections, of which there are no methods or paths to compare. */
  readonly connections: RuleSets
  /** Whether there is anything to note: AUDIT policies, or some that are not carried out (`istio.io/dry-run`). */
  readonly isWatched: boolean
  /** Whether there are CUSTOM policies. */
  readonly hasCustom: boolean
  /** Whether a connection's server name matters, so that nothing can be decided before it is known. */
  readonly wantsServerName: boolean
}

/** Rules by what follows when one of them matches. */
export interface RuleSets {
  /** Of CUSTOM policies, by provider. */
  readonly customs: ReadonlyMap<string, RuleNode>
  readonly audit: RuleNode
  readonly deny: RuleNode
  /** `undefined`: there is no ALLOW policy, and what is not denied is allowed. */
  readonly allow: RuleNode | undefined
  readonly dryRunDeny: RuleNode
  readonly dryRunAllow: RuleNode | undefined
}

/** Rules to be tried one after the other, or told apart by a fact first. */
export type RuleNode =
  | { readonly kind: 'list'; readonly rules: readonly RulePlan[] }
  /** Rules of several sets, some of which others have as well. */
  | { readonly kind: 'parts'; readonly parts: readonly RuleNode[] }
  | {
      readonly kind: 'by'
      readonly by: Discriminator
      /** Rules that match only when the fact is one of theirs. Texts may stand here by their hash: it only narrows down. */
      readonly groups: ReadonlyMap<string | number, RuleNode>
      /** Rules that ask nothing exact of it. */
      readonly rest: RuleNode | undefined
    }

/**
 * A fact that rules are told apart by; `prefix` is the beginning of the path up to one of its slashes, or all of it, and
 * `leaf` its last segment.
 */
export type Discriminator =
  | { readonly kind: 'principal' | 'namespace' | 'port' | 'path' | 'prefix' | 'leaf' | 'method' | 'host' }
  /** In lower case; a field proper. */
  | { readonly kind: 'header'; readonly name: string }

/** Policies by key, each ready to be asked, and the sets of them that apply to frontends. */
export interface Authorizations {
  readonly plans: ReadonlyMap<string, PolicyPlan>
  /** By the keys of the policies. */
  readonly indexes: ReadonlyMap<string, AuthorizationIndex>
}

/** A policy ready to be asked; handed on while the policy is the same. */
export interface PolicyPlan {
  readonly source: AuthorizationPolicy
  readonly rules: readonly RulePlan[]
  /** Its rules as they are for connections; those that can match none are not among them. */
  readonly connectionRules: readonly RulePlan[]
}

/** A rule ready to be tried: one of `from`, one of `to` and all of `when` have to hold. */
export interface RulePlan {
  readonly policy: AuthorizationPolicy
  readonly index: number
  readonly from: readonly (readonly ConditionPlan[])[]
  readonly to: readonly (readonly ConditionPlan[])[]
  readonly when: readonly ConditionPlan[]
  /** Of those that have to hold, the one to try first; `undefined`: there is none that tells much. */
  readonly telling: ConditionPlan | undefined
  /** What is decided when it matches. */
  readonly decision: AuthorizationDecision
}

export interface ConditionPlan {
  readonly source: FieldCondition
  /** `undefined`: nothing has to fit. */
  readonly anyOf: FactsMatcher | undefined
  readonly noneOf: FactsMatcher | undefined
}
