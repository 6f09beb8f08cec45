import type { ExchangeRecord } from '../../filter/record.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import { authorize, findCustoms, notDecidable, watch } from '../../snapshot/security/authorize.ts'
import { destinationOf } from '../../snapshot/security/facts-of.ts'
import type { RulePlan } from '../../snapshot/security/policy-plans.ts'
import type { RequestFacts } from '../../snapshot/security/request-facts.ts'
import type { Frontend } from '../../snapshot/snapshot.ts'

/** What is known of a connection whose bytes are passed on. */
export interface ConnectionFacts {
  readonly source: RequestFacts['source']
  /** Whether its first bytes were looked at, and the server that they ask for. */
  readonly hello: { readonly sni: string | undefined } | undefined
}

/** What policies say of a connection. */
export type ConnectionVerdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied'; readonly decision: AuthorizationDecision }
  /** It may be carried if the providers of these CUSTOM rules say so; there is one rule of each. */
  | { readonly kind: 'ask'; readonly rules: readonly RulePlan[] }

/** What policies decide by. */
export const connectionFacts = (frontend: Frontend, { source, hello }: ConnectionFacts): RequestFacts => ({
  request: undefined,
  source,
  ...destinationOf(frontend),
  sni: hello?.sni,
  token: undefined,
})

const ALLOWED: ConnectionVerdict = { kind: 'allowed' }

/**
 * Whether a connection may be carried. One of which policies want to know what nobody has looked at may not. Providers are
 * asked last here, since whoever is denied anyway need not be asked about.
 */
export const authorizeConnection = (
  frontend: Frontend,
  about: ConnectionFacts,
  record: ExchangeRecord,
): ConnectionVerdict => {
  const { authorization } = frontend
  if (authorization === undefined) return ALLOWED
  const facts = connectionFacts(frontend, about)
  if (authorization.isWatched) record.authorizationNotes = watch(authorization, facts)
  const isUndecidable = authorization.wantsServerName && about.hello === undefined
  const decision = isUndecidable ? notDecidable : authorize(authorization, facts)
  record.authorization = decision
  if (decision.verdict === 'deny') return { kind: 'denied', decision }
  const rules = findCustoms(authorization, facts)
  return rules.length === 0 ? ALLOWED : { kind: 'ask', rules }
}
