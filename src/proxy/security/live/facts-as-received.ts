import { toH1Fields } from '../../../http/bridge/regular-fields.ts'
import type { H1RequestHead } from '../../../http/h1/message.ts'
import { readContentLength } from '../../../http/h2/fields.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { cleanRequest } from '../../../http/hop-by-hop.ts'
import { normalizePath } from '../../../http/path.ts'
import type { RequestFacts } from '../../../snapshot/security/request-facts.ts'
import type { Frontend } from '../../../snapshot/snapshot.ts'
import { toRequestView } from '../../request/forward-request.ts'
import type { GuardedExchange } from '../guards.ts'
import { createRequestFacts } from '../request-facts-of.ts'
import type { Standing } from './standing.ts'

/** What is known of an exchange that policies are asked about again. */
export interface LiveExchange extends Pick<GuardedExchange, SeenOfExchange> {
  standing: Standing | undefined
}

type SeenOfExchange = 'source' | 'request' | 'record' | 'snapshot' | 'frontend' | 'isAdmitted' | 'isOver'

/**
 * What policies see of an exchange of which nothing was kept: the head as it came, as any guard finds it. That is exact
 * where no guard but theirs has had a say.
 */
export const factsAsReceived = (exchange: LiveExchange, head: H1RequestHead, frontend: Frontend): RequestFacts => {
  const view = toRequestView(head, exchange.record.destination.hostname)
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
