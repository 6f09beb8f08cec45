import type { AuthorizationAction } from './authorization.ts'

/** What policies decide about a request or connection; made once, and the same object for each that is alike. */
export interface AuthorizationDecision {
  readonly verdict: 'allow' | 'deny'
  /** Of the rule that decided; `undefined`: none did. */
  readonly action: AuthorizationAction | undefined
  /** `NAMESPACE/NAME` */
  readonly policy: string | undefined
  /** Its index in the policy. */
  readonly rule: number | undefined
  /** `dry-run`: what would be decided if the policies with `istio.io/dry-run` were carried out. */
  readonly mode: 'enforce' | 'dry-run'
  /** In Envoy's words: `rbac_access_denied_matched_policy[ns[shop]-policy[admins]-rule[0]]`. */
  readonly details: string
}
