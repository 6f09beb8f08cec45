import type { ExchangeRecord } from '../../filter/record.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import { authorize, findCustom, notDecidable, watch } from '../../snapshot/security/authorize.ts'
import { destinationOf } from '../../snapshot/security/facts-of.ts'
import type { RequestFacts } from '../../snapshot/security/request-facts.ts'
import type { Frontend } from '../../snapshot/snapshot.ts'

/** What is known of a connection whose bytes are passed on. */
export interface ConnectionFacts {
  readonly source: RequestFacts['source']
  /** Whether its first bytes were looked at, and the server that they ask for. */
  readonly hello: { readonly sni: string | undefined } | undefined
}

/**
 * Why a connection must not be carried; `undefined` when it may. Nobody can be asked for a CUSTOM policy, so what one of
 * its rules matches is refused; and so is a connection of which policies want to know what nobody has looked at.
 */
export const authorizeConnection = (
  frontend: Frontend,
  { source, hello }: ConnectionFacts,
  record: ExchangeRecord,
): AuthorizationDecision | undefined => {
  const { authorization } = frontend
  if (authorization === undefined) return undefined
  const facts = { request: undefined, source, ...destinationOf(frontend), sni: hello?.sni, token: undefined }
  if (authorization.isWatched) record.authorizationNotes = watch(authorization, facts)
  const isUndecidable = authorization.wantsServerName && hello === undefined
  const decision = isUndecidable
    ? notDecidable
    : (findCustom(authorization, facts)?.decision ?? authorize(authorization, facts))
  record.authorization = decision
  return decision.verdict === 'deny' ? decision : undefined
}
