import { createExchange, runChain } from '../../filter/testing.ts'
import type { Outcome } from '../../filter/testing.ts'
import { splitTarget } from '../../http/path.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import type { ExplainQuery } from '../../snapshot/explain.ts'
import { findFrontend, resolve } from '../../snapshot/resolve.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'

/** How long the hooks of all filters may take together. */
const LIMIT_MS = 5000

/** What filters have answered, and whether they have: `late` after five seconds. */
export type FilterAnswer =
  | { readonly kind: 'replied' | 'forwarded'; readonly response: Outcome['response'] }
  | { readonly kind: 'late' | 'nowhere' }

/** Runs the filters of the Service, and of the rule that has the request behind them, on the proxy's own engine. */
export const answerByFilters = async (snapshot: Snapshot, query: ExplainQuery): Promise<FilterAnswer> => {
  const limit = Promise.withResolvers<FilterAnswer>()
  const timer = setTimeout(() => limit.resolve({ kind: 'late' }), LIMIT_MS)
  try {
    return await Promise.race([limit.promise, runFilters(snapshot, query)])
  } finally {
    clearTimeout(timer)
  }
}

const runFilters = async (snapshot: Snapshot, query: ExplainQuery): Promise<FilterAnswer> => {
  const frontend = findFrontend(snapshot, query.authority)
  if (frontend === undefined) return { kind: 'nowhere' }
  const { exchange, request } = imagineExchange(query)
  const first = await runChain(frontend.chain, exchange)
  if (first.kind === 'replied') return first
  // As the Service's filters have left it: they may set what routes match.
  const resolution = resolve(frontend, request, query.sourceNamespace)
  if (resolution.kind === 'no-match') return { kind: 'nowhere' }
  return resolution.kind === 'match' ? runChain(resolution.rule.chain, exchange) : first
}

const imagineExchange = (query: ExplainQuery) => {
  const { method, target, headers, sourceNamespace, serviceAccount, trustDomain = 'cluster.local', claims } = query
  const split = splitTarget(target, method)
  const isKnown = sourceNamespace !== undefined && serviceAccount !== undefined
  const principal = isKnown ? formatSpiffeId({ trustDomain, namespace: sourceNamespace, serviceAccount }) : undefined
  const host = headers.find(([name]) => name.toLowerCase() === 'host')?.[1]
  const exchange = createExchange({
    method,
    ...split,
    headers: headers.filter(([name]) => name.toLowerCase() !== 'host'),
    source: { principal, namespace: sourceNamespace, serviceAccount },
    ...(host === undefined ? {} : { authority: host }),
    ...(claims === undefined ? {} : { claims }),
  })
  return { exchange, request: exchange.request }
}
