import type { AuthorizationPolicy } from '../../../model/security/authorization.ts'
import type { AuthorizationPolicyObject } from '../../objects/authorization-policy/authorization-policy.ts'
import { readDryRun } from '../../objects/authorization-policy/dry-run.ts'
import type { Entry } from '../catalog.ts'
import type { TranslateOptions } from '../options.ts'
import { attachPolicies, keyOf, translateAttached, type TranslatedPolicies } from './attachment.ts'
import { createNotes, type NoteScope } from './authorization-notes.ts'
import { expandTrustDomains } from './expand-trust-domains.ts'

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
    return translateAttached(attachPolicies(objects, scope), scope, {
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
