import { HeaderList } from '../../../http/header-list.ts'
import { authorize } from '../../../snapshot/security/authorize.ts'
import type { RequestFacts } from '../../../snapshot/security/request-facts.ts'
import { refuse } from '../authorization-guard.ts'
import type { GuardMaker } from '../guards.ts'
import { createRequestFacts } from '../request-facts-of.ts'

/**
 * The last of the guards, where some of them change a request (tokens, providers) or make it wait: keeps what policies have
 * seen before filters change it, so that those which come later can be asked about the same. Elsewhere nothing is kept, and
 * it is made again when it is wanted (`factsAsReceived`): to keep it takes a tenth of a request's memory.
 */
export const admissionGuard: GuardMaker = (frontend) => {
  if (frontend.authentication === undefined && frontend.authorization?.hasCustom !== true) return undefined
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
  const { method, authority, path, query, headers, upgrade } = request
  const kept = { method, authority, path, query, headers: new HeaderList([...headers.fields]), upgrade }
  return { ...facts, request: kept }
}
