import type { HookResult } from '../../../filter/index.ts'
import { createReply } from '../../../filter/reply.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { authorize } from '../../../snapshot/security/authorize.ts'
import type { RequestFacts } from '../../../snapshot/security/request-facts.ts'
import type { Frontend } from '../../../snapshot/snapshot.ts'
import { refuse } from '../authorization-guard.ts'
import type { GuardedExchange, GuardMaker } from '../guards.ts'
import { createRequestFacts } from '../request-facts-of.ts'
import { askUnasked } from './ask-unasked.ts'
import type { LateQuestions } from './late-questions.ts'
import { newStanding, type Standing } from './standing.ts'

/**
 * The last of the guards, where some of them change a request (tokens, providers) or make it wait: keeps what policies have
 * seen before filters change it, so that those which come later can be asked about the same. Elsewhere nothing is kept, and
 * it is made again when it is wanted (`factsAsReceived`): to keep it takes a tenth of a request's memory.
 */
export const createAdmissionGuard =
  (questions: Pick<LateQuestions, 'ask'>): GuardMaker =>
  (frontend) => {
    if (frontend.authentication === undefined && frontend.authorization?.hasCustom !== true) return undefined
    const factsOf = createRequestFacts(frontend)
    return (exchange) => {
      const facts = keep(factsOf(exchange))
      const standing = { ...(exchange.standing ?? newStanding(frontend.authorization)), facts }
      exchange.standing = standing
      // Policies have changed while a provider was asked, or keys were waited for.
      if (standing.index === undefined || standing.index === frontend.authorization) return undefined
      return judgeByNew(exchange, { standing, facts, frontend, questions })
    }
  }

interface JudgedByNew {
  readonly standing: Standing
  readonly facts: RequestFacts
  readonly frontend: Frontend
  readonly questions: Pick<LateQuestions, 'ask'>
}

const judgeByNew = (exchange: GuardedExchange, by: JudgedByNew): HookResult => {
  const { index } = by.standing
  const decision = index === undefined ? undefined : authorize(index, by.facts)
  if (decision?.verdict === 'deny') return refuse(exchange, decision)
  let conclude: (result: HookResult) => void = () => {}
  const asking = new Promise<Awaited<HookResult>>((resolve) => (conclude = resolve))
  const isAsked = askUnasked(exchange, {
    ...by,
    facts: by.standing.received ?? by.facts,
    onAnswer: (refusal) => {
      if (refusal === undefined) return conclude(undefined)
      exchange.record.authorization = refusal.rule.decision
      exchange.record.flags = 'UAEX'
      conclude(createReply(403, { reason: refusal.details }))
    },
  })
  return isAsked ? asking : undefined
}

const keep = (facts: RequestFacts): RequestFacts => {
  const { request } = facts
  if (request === undefined) return facts
  const { method, authority, path, query, headers, upgrade } = request
  const kept = { method, authority, path, query, headers: new HeaderList([...headers.fields]), upgrade }
  return { ...facts, request: kept }
}
