import type { BodyPipeUser, BodyMemory, BodyPlan } from '../../filter/body/body-pipe.ts'
import { givesWhole, limitOf, stagesOf } from '../../filter/body/body-stage.ts'
import type { BodyHooks } from '../../filter/chain.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import type { Exchange, Reply } from '../../filter/index.ts'
import { bodyTooMuch, type LocalReply } from '../response/local-reply.ts'

/** Who is told of what filters do with a body beside changing it. */
export type BodyFaults = Pick<BodyPipeUser, 'onReply' | 'onTooMuch' | 'onThrown'>

/** What a body of an exchange has to pass, and who hears of it. */
export interface TransformOrder {
  readonly plan: BodyPlan
  readonly faults: BodyFaults
}

/** An exchange that filters may bring to another end by its body. */
interface FaultedExchange {
  /** A filter answers in place of whatever was under way. */
  readonly replyInstead: (reply: Reply) => void
  /** The same of an answer of our own. */
  readonly replaceResponse: (reply: LocalReply) => void
  /** A filter threw or rejected; `isLate`: when the exchange had gone another way. */
  readonly fail: (error: unknown, isLate?: boolean) => void
}

/** An exchange as far as its body goes. */
interface BodiedExchange extends Exchange, FaultedExchange {
  readonly head: Pick<H1RequestHead, 'bodyLength'>
  readonly chains: { readonly requestBody: BodyHooks | undefined }
  readonly bodyMemory: BodyMemory
  /** The client may wait for leave to send it. */
  readonly askForBody: () => void
}

/** What filters may do to one of its bodies beside changing it. */
export const faultsOf = (exchange: FaultedExchange, side: 'request' | 'response'): BodyFaults => ({
  onReply: (reply) => exchange.replyInstead(reply),
  onTooMuch: (what) => exchange.replaceResponse(bodyTooMuch(what, side)),
  onThrown: (error, isLate) => exchange.fail(error, isLate),
})

/** What filters do to the body of its request. */
export const orderRequestBody = (exchange: BodiedExchange): ReturnType<typeof orderTransform> => {
  const { bodyLength } = exchange.head
  const hooks = bodyLength === 0 ? undefined : exchange.chains.requestBody
  if (hooks === undefined) return 'nothing'
  const about = { exchange, memory: exchange.bodyMemory, bodyLength }
  const order = orderTransform(hooks, about, faultsOf(exchange, 'request'))
  // Nobody else would tell the client, as nothing goes out before all has come.
  if (typeof order === 'object' && givesWhole(order.plan.stages)) exchange.askForBody()
  return order
}

/**
 * Asks the filters what they do to a body of `bodyLength`, as in its head; `undefined` when none of them does anything, or
 * the exchange has got its answer by this.
 */
export const orderTransform = (
  hooks: BodyHooks,
  about: {
    readonly exchange: Exchange
    readonly memory: BodyMemory
    readonly bodyLength: number
    /** There are no bytes, and will be none. */
    readonly isEmpty?: boolean
  },
  faults: BodyFaults,
): TransformOrder | 'nothing' | 'answered' => {
  const { exchange, memory, bodyLength, isEmpty = false } = about
  const trailers = isEmpty ? [] : hooks.trailers
  try {
    const stages = stagesOf(hooks.transforms, exchange, isEmpty)
    if (stages.length + trailers.length === 0) return 'nothing'
    const limit = limitOf(stages)
    if (limit === undefined || bodyLength <= limit.bytes)
      return { plan: { stages, trailers, exchange, memory }, faults }
    faults.onTooMuch({ why: 'too-large', kind: limit.kind })
  } catch (error) {
    faults.onThrown(error, false)
  }
  return 'answered'
}
