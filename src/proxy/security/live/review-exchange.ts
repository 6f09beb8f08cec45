import type { H1RequestHead } from '../../../http/h1/message.ts'
import { authorize } from '../../../snapshot/security/authorize.ts'
import type { Frontend } from '../../../snapshot/snapshot.ts'
import { closedBy, notPermitted, type LocalReply } from '../../response/local-reply.ts'
import { askUnasked } from './ask-unasked.ts'
import { factsAsReceived, type LiveExchange } from './facts-as-received.ts'
import type { LateQuestions } from './late-questions.ts'
import { newStanding } from './standing.ts'

/** What a review goes by, beside the exchange. */
export interface Review {
  readonly head: H1RequestHead
  /** As it is now. */
  readonly frontend: Frontend
  readonly questions: Pick<LateQuestions, 'ask'>
  /** Ends the exchange; nothing comes of it when it is over already. */
  readonly end: (reply: LocalReply) => void
}

/**
 * Has the policies of now decide about a request that is under way, where they are others than it was judged by last, and
 * ends it if they do not let it go on. Providers are asked whom nobody has asked about it; no token is verified again. Where
 * a policy that cannot be understood closes the frontend, nothing goes on.
 */
export const reviewExchange = (exchange: LiveExchange, { head, frontend, questions, end }: Review): void => {
  if (frontend.closed !== undefined) {
    // What was closed when it began has its answer.
    if (exchange.frontend?.closed === undefined) end(closedBy(503, frontend.closed))
    return
  }
  const { authorization } = frontend
  const standing = (exchange.standing ??= newStanding(exchange.frontend?.authorization))
  if (standing.index === authorization) return
  standing.index = authorization
  if (authorization === undefined) return
  // Providers are asked before tokens are taken out, and about what nobody has changed.
  const received = authorization.hasCustom ? factsAsReceived(exchange, head, frontend) : undefined
  if (received !== undefined) standing.received = received
  // Who is still waited for is judged by these as well when that is over.
  if (!exchange.isAdmitted) return
  const facts = standing.facts ?? received ?? factsAsReceived(exchange, head, frontend)
  const decision = authorize(authorization, facts)
  exchange.record.authorization = decision
  if (decision.verdict === 'deny') return end(notPermitted(decision.details))
  const onAnswer: Parameters<typeof askUnasked>[1]['onAnswer'] = (refusal) => {
    if (refusal === undefined) return
    exchange.record.authorization = refusal.rule.decision
    end({ ...notPermitted(refusal.details), flags: 'UAEX', body: '' })
  }
  if (received !== undefined) askUnasked(exchange, { standing, facts: received, frontend, questions, onAnswer })
}
