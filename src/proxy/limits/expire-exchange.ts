import type { Counters } from '../counters.ts'
import type { OwnedExchange } from '../request/exchange-owner.ts'
import type { Deadlines } from './deadlines.ts'
import type { ExchangeExpiry } from './tunnel-watch.ts'

/** A deadline of the exchange has passed: it is counted, and the exchange told. */
export const expireExchange = (
  exchange: Pick<OwnedExchange, 'expire'>,
  expiry: ExchangeExpiry,
  { counters, deadlines }: { readonly counters: Counters; readonly deadlines: Deadlines },
): void => {
  const name = expiry === 'response-head' ? 'responseHead' : expiry === 'stream' ? 'streamIdle' : 'bodyIdle'
  counters.deadlines[name]++
  exchange.expire(expiry, deadlines[`${name}Ms`])
}
