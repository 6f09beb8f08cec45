import { toH1Fields } from '../../../http/bridge/regular-fields.ts'
import type { H1RequestHead } from '../../../http/h1/message.ts'
import { readContentLength } from '../../../http/h2/fields.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { cleanRequest } from '../../../http/hop-by-hop.ts'
import { normalizePath } from '../../../http/path.ts'
import { authorize } from '../../../snapshot/security/authorize.ts'
import type { AuthorizationIndex } from '../../../snapshot/security/policy-plans.ts'
import type { RequestFacts } from '../../../snapshot/security/request-facts.ts'
import type { Frontend } from '../../../snapshot/snapshot.ts'
import { toRequestView } from '../../request/forward-request.ts'
import { refuse } from '../authorization-guard.ts'
import type { GuardedExchange, GuardMaker } from '../guards.ts'
import { createRequestFacts } from '../request-facts-of.ts'

/** How an exchange under way stands with the policies of its frontend. */
export interface Standing {
  /** Those it was judged by last; `undefined` when there were none. */
  index: AuthorizationIndex | undefined
  /** What they have seen; `undefined` as long as they are asked, and where there were none. */
  readonly facts: RequestFacts | undefined
}

/**
 * The last of the guards: keeps what the others have seen before filters change it, so that policies which come later can
 * be asked about the same. Where no guard has anything to say nothing is kept, see `factsAsReceived`.
 */
export const admissionGuard: GuardMaker = (frontend) => {
  const factsOf = createRequestFacts(frontend)
  return (exchange) => {
    const facts = keep(factsOf(exchange))
    const before = exchange.standing
    exchange.standing = { index: before === undefined ? frontend.authorization : before.index, facts }
    // Policies have changed while a provider was asked, or keys were waited for.
    if (before?.index === undefined || before.index === frontend.authorization) return undefined
    const decision = authorize(before.index, facts)
    return decision.verdict === 'deny' ? refuse(exchange, decision) : undefined
  }
}

const keep = (facts: RequestFacts): RequestFacts => {
  const { request } = facts
  if (request === undefined) return facts
  const { method, authority, path, query, headers } = request
  return { ...facts, request: { method, authority, path, query, headers: new HeaderList([...headers.fields]) } }
}

/** What is known of an exchange that policies are asked about again. */
export interface LiveExchange extends Pick<GuardedExchange, 'source' | 'request' | 'record' | 'snapshot' | 'frontend'> {
  standing: Standing | undefined
  /** All guards have let it through. */
  readonly isAdmitted: boolean
}

/**
 * What policies would have seen of an exchange that none was asked about: the head as it came, as any guard would find it.
 */
export const factsAsReceived = (exchange: LiveExchange, head: H1RequestHead, frontend: Frontend): RequestFacts => {
  const view = toRequestView(head)
  const { checked } = head.headers
  const isHttp2 = checked[0]?.startsWith(':') === true
  const headers = isHttp2 ? toH1Fields(checked, readContentLength(checked)) : new HeaderList([...checked])
  cleanRequest(headers)
  const { requestId } = exchange.record
  if (requestId !== undefined && !headers.hasLower('x-request-id')) headers.fields.push('x-request-id', requestId)
  const path = normalizePath(view.path, exchange.snapshot.pathNormalization) ?? view.path
  const facts = createRequestFacts(frontend)(exchange)
  return { ...facts, request: { ...view, path, headers } }
}
