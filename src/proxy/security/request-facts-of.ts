import { destinationOf } from '../../snapshot/security/facts-of.ts'
import type { RequestFacts } from '../../snapshot/security/request-facts.ts'
import type { Frontend } from '../../snapshot/snapshot.ts'
import type { GuardedExchange } from './guards.ts'

/** Gives what policies decide by of each exchange of a frontend; once for each guard that wants it. */
export const createRequestFacts = (
  frontend: Frontend,
): ((exchange: Pick<GuardedExchange, 'request' | 'source'>) => RequestFacts) => {
  const { destinationAddresses, destinationPort } = destinationOf(frontend)
  return ({ request, source }) => ({
    request,
    source,
    destinationAddresses,
    destinationPort,
    // What is HTTP in the tunnel is no TLS.
    sni: undefined,
    token: request.token,
  })
}
