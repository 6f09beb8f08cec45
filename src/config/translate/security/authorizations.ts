import { isSeenByZtunnel, type AuthorizationPolicy } from '../../../model/security/authorization.ts'
import type { AuthorizationPolicyObject } from '../../objects/authorization-policy/authorization-policy.ts'
import { readDryRun } from '../../objects/authorization-policy/dry-run.ts'
import type { Entry } from '../catalog.ts'
import type { TranslateOptions } from '../options.ts'
import {
  attachPolicies,
  hasNoTargets,
  keyOf,
  translateAttached,
  type Attachment,
  type TranslatedPolicies,
} from './attachment.ts'
import { createNotes, type NoteScope } from './authorization-notes.ts'
import { expandTrustDomains } from './expand-trust-domains.ts'
import { conditionsOf } from './judge-rule.ts'

/** What the AuthorizationPolicies of a set come to. */
export type Authorizations = TranslatedPolicies<AuthorizationPolicy>

/** Translates AuthorizationPolicies, which come sorted by key. */
export type TranslateAuthorizations = (
  objects: readonly Entry<AuthorizationPolicyObject>[],
  scope: NoteScope,
) => Authorizations

/** Makes the translation for one set of options, with a memory: a policy comes out the same as long as its object is. */
export const createAuthorizationTranslation = (
  options: Pick<TranslateOptions, 'trustDomain' | 'trustDomainAliases' | 'isTrustDomainAssumed' | 'pathNormalization'>,
): TranslateAuthorizations => {
  const trustDomains = [...new Set([options.trustDomain, ...(options.trustDomainAliases ?? [])])]
  const { isTrustDomainAssumed = false, pathNormalization } = options
  const mesh = { trustDomains, isTrustDomainAssumed, pathNormalization }
  const known = new WeakMap<AuthorizationPolicyObject, AuthorizationPolicy>()
  const policyOf = (object: AuthorizationPolicyObject): AuthorizationPolicy => {
    const policy = known.get(object) ?? translatePolicy(object, trustDomains)
    known.set(object, policy)
    return policy
  }
  return (objects, scope) => {
    const notesOf = createNotes(scope, mesh)
    return translateAttached(attachPolicies(objects, scope).map(tellOfZtunnel), scope, {
      policyOf,
      notesOf: ({ policy, targets }) => notesOf(policy.object, targets),
    })
  }
}

const translatePolicy = (object: AuthorizationPolicyObject, trustDomains: readonly string[]): AuthorizationPolicy => ({
  key: keyOf(object),
  action: object.action,
  isDryRun: readDryRun(object.metadata) === true,
  ...(object.provider === undefined ? {} : { provider: object.provider }),
  rules: object.rules.map((rule) => expandTrustDomains(rule, trustDomains)),
})

/** A policy without targets is ztunnel's: it is well as long as that can carry out all of it. */
const tellOfZtunnel = (attachment: Attachment<AuthorizationPolicyObject>): Attachment<AuthorizationPolicyObject> => {
  if (!hasNoTargets(attachment)) return attachment
  const lack = lackOfZtunnel(attachment.policy.object)
  if (lack === undefined) {
    return { ...attachment, elsewhere: 'ztunnels enforce it, on connections to Pods: it has no targetRefs' }
  }
  const message = `only ztunnels enforce a policy without targetRefs, and ${lack.why}: name what it is about in targetRefs`
  return { ...attachment, targets: { ...attachment.targets, faults: [{ message, path: lack.path }] } }
}

/** Why a ztunnel carries out another policy than the one that is written, or none (Istio, `convertAuthorizationPolicy`). */
const lackOfZtunnel = (
  policy: AuthorizationPolicyObject,
): { readonly why: string; readonly path: string } | undefined => {
  const { action } = policy
  if (action !== 'ALLOW' && action !== 'DENY') return { why: `they know no ${action}`, path: 'spec' }
  if (readDryRun(policy.metadata) === true) return { why: 'istiod gives them no dry run', path: 'spec' }
  const unseen = policy.rules.flatMap(conditionsOf).find((condition) => !isSeenByZtunnel(condition))
  if (unseen === undefined) return undefined
  const effect =
    action === 'ALLOW' ? 'so the rule allows nothing' : 'so what is left of the rule denies by itself, if anything is'
  return { why: `they do not see ${unseen.field.kind}, ${effect}`, path: unseen.path }
}
