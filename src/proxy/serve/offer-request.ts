import type { ServeHook } from '../../filter/chain.ts'
import { CHUNKED } from '../../http/h1/message.ts'
import type { Clock } from '../../lib/clock.ts'
import { orderRequestBody } from '../body/body-plan.ts'
import type { Outgoing } from '../forward/outgoing.ts'
import { ServedRequest, type ServedExchange } from './served-request.ts'

/** What is offered to filters that answer requests themselves. */
export interface Offer {
  readonly exchange: ServedExchange &
    Parameters<typeof orderRequestBody>[0] & {
      readonly outgoing: Pick<Outgoing, 'offer' | 'feed' | 'onTaken'>
    }
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** None of them wants it. */
  readonly onLeft: () => void
}

/** Asks one after the other, at once or as soon as one has left it; the first that takes the request has it. */
export const offerRequest = (hooks: readonly ServeHook[], offer: Offer, first = 0): void => {
  const { exchange, clock } = offer
  const { head, chains, outgoing } = exchange
  // What is to be switched to is spoken with an endpoint.
  const last = exchange.request.upgrade === undefined ? hooks.length : 0
  // How long a body will be that filters change nobody knows.
  const bodyLength = head.bodyLength !== 0 && chains.requestBody !== undefined ? CHUNKED : head.bodyLength
  for (let i = first; i < last; i++) {
    const hook = hooks[i]
    if (hook === undefined) continue
    const served = new ServedRequest(exchange, {
      bodyLength,
      clock,
      onRead: () => feed(exchange),
      onTaken: (bytes) => outgoing.onTaken(bytes),
      onLeft: () => offerRequest(hooks, offer, i + 1),
    })
    outgoing.offer(served)
    try {
      if (served.ask(hook)) return
    } catch (error) {
      return exchange.fail(error)
    }
  }
  outgoing.offer(undefined)
  offer.onLeft()
}

/** Has the body of the request go to the filter that has it. */
const feed = (exchange: Offer['exchange']): void => {
  exchange.askForBody()
  const order = orderRequestBody(exchange)
  if (order !== 'answered') exchange.outgoing.feed(order === 'nothing' ? undefined : order)
}
