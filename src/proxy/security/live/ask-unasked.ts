import type { RequestFacts } from '../../../snapshot/security/request-facts.ts'
import type { Frontend } from '../../../snapshot/snapshot.ts'
import type { AskedConnection, ConnectionAnswer } from '../ext-authz/connection-authorizer.ts'
import type { LiveExchange } from './facts-as-received.ts'
import { findUnasked, providersOf, type LateQuestions } from './late-questions.ts'
import type { Standing } from './standing.ts'

/** What providers are asked about, and by whom. */
export interface AskingAgain {
  readonly standing: Standing
  readonly facts: RequestFacts
  readonly frontend: Frontend
  readonly questions: Pick<LateQuestions, 'ask'>
  /** Called once, unless there is nobody to be asked. */
  readonly onAnswer: (refusal: ConnectionAnswer | undefined) => void
}

/** Asks the providers that policies of now name and nobody has asked about this exchange; whether there are any. */
export const askUnasked = (exchange: LiveExchange, again: AskingAgain): boolean => {
  const { standing, facts, questions, onAnswer } = again
  const { index } = standing
  const unasked = index === undefined ? [] : providersOf(findUnasked(index, facts, standing.asked))
  if (unasked.length === 0) return false
  standing.asked = [...standing.asked, ...unasked]
  const about = (): ReturnType<typeof questionAbout> => questionAbout(exchange, again, unasked)
  questions.ask({ about, onAnswer })
  return true
}

/** What there is to ask when its turn has come: the policies may have changed again. */
const questionAbout = (
  exchange: LiveExchange,
  { standing: { index }, facts, frontend }: AskingAgain,
  names: readonly string[],
): Omit<AskedConnection, 'snapshot'> | undefined => {
  const { record } = exchange
  if (index === undefined || exchange.isOver) return undefined
  const rules = findUnasked(index, facts, []).filter(({ policy }) => names.includes(policy.provider ?? ''))
  return { frontend, record, sni: undefined, rules, request: requestOf(exchange, facts) }
}

/** A request as it was received. Its body is under way, or gone. */
const requestOf = (
  { record, request: { scheme } }: LiveExchange,
  { request }: RequestFacts,
): AskedConnection['request'] => {
  if (request === undefined) return undefined
  const length = request.headers.getLower('content-length')
  return {
    ...request,
    scheme,
    id: record.requestId ?? '',
    protocol: record.httpVersion,
    bodyLength: length === undefined ? undefined : Number(length),
    body: undefined,
  }
}
