/**
 * Has somebody else decide whether a request may pass, and does what the answer says. Where there is no answer the
 * request is refused, unless its settings say otherwise. Which policies and filters want that is no business of this file.
 */
import type { Reply } from '../../../filter/index.ts'
import { createReply } from '../../../filter/reply.ts'
import type { BodyView } from '../../forward/body-reader.ts'
import type { GuardedExchange } from '../guards.ts'
import { applyChanges, changeFields, findUnwritable, isKept } from './apply-changes.ts'
import { formatFailure, type AskerDeps, type Provider, type ProviderAsker } from './provider-asker.ts'
import type { Question, QuestionRequest } from './protocol/question.ts'
import type { Verdict } from './protocol/verdict.ts'

export class ExternalAuthorizer {
  readonly #asker: ProviderAsker
  readonly #deps: Pick<AskerDeps, 'counters' | 'onWarning'>

  constructor(asker: ProviderAsker, deps: Pick<AskerDeps, 'counters' | 'onWarning'>) {
    this.#asker = asker
    this.#deps = deps
  }

  /** What an exchange's hook returns: nothing if it may pass, with what the provider wants changed, or the refusal. */
  check(exchange: GuardedExchange, provider: Provider): Promise<Reply | void> {
    const { body } = provider.settings
    if (body === undefined) return this.#ask(exchange, provider, undefined)
    return new Promise((resolve, reject) => {
      const onBody = (view: BodyView): void => {
        if (view.kind === 'too-large') return resolve(this.#refuse(exchange, tooLarge))
        if (view.kind === 'no-room') return resolve(this.#refuse(exchange, noRoom))
        const shown = { bytes: view.bytes, isPartial: view.kind === 'partial' }
        this.#ask(exchange, provider, shown).then(resolve, reject)
      }
      exchange.readBody({ ...body, onBody })
    })
  }

  /** Refuses without asking anybody. */
  refuse(exchange: GuardedExchange, { name, why }: { readonly name: string; readonly why: string }): Reply {
    this.#deps.counters.externalAuthorization.failed++
    this.#deps.onWarning(name, `${name}: ${why}`)
    return this.#refuse(exchange, unanswered)
  }

  async #ask(exchange: GuardedExchange, provider: Provider, body: QuestionRequest['body']): Promise<Reply | void> {
    const { cancel, verdict } = this.#asker.ask(this.#questionOf(exchange, body), provider, exchange)
    exchange.onOver = cancel
    const answer = await verdict
    exchange.onOver = undefined
    return this.#conclude(exchange, provider, answer)
  }

  #conclude(exchange: GuardedExchange, provider: Provider, verdict: Verdict): Reply | void {
    switch (verdict.kind) {
      case 'error':
        return this.#fail(exchange, provider, verdict.message)
      case 'deny': {
        this.#deps.counters.externalAuthorization.denied++
        const { status, headers, body } = verdict
        const isWritable = ([name, value]: readonly [string, string]): boolean =>
          !isKept(name) && findUnwritable([{ name, value }]) === undefined
        const fields = [...headers].filter(isWritable)
        return this.#refuse(exchange, { status, fields, body, reason: 'ext_authz_denied' })
      }
      case 'allow': {
        const applied = applyChanges(exchange.request, verdict)
        if (applied.kind === 'unwritable') return this.#fail(exchange, provider, applied.message)
        this.#deps.counters.externalAuthorization.allowed++
        if (verdict.response.length > 0) {
          exchange.chains.alsoOnResponse(({ response }) => {
            if (response !== undefined) changeFields(response.headers, verdict.response, [])
          })
        }
        if (applied.ignored.length > 0) this.#tellIgnored(provider, applied.ignored)
      }
    }
  }

  #tellIgnored({ name }: Provider, ignored: readonly string[]): void {
    this.#deps.onWarning(`${name} ignored`, `${name}: what its answer wants is not done here: ${formatNames(ignored)}`)
  }

  #fail(exchange: GuardedExchange, provider: Provider, why: string): Reply | void {
    const { counters, onWarning } = this.#deps
    const { failOpen, statusOnError } = provider.settings
    counters.externalAuthorization.failed++
    onWarning(provider.name, formatFailure(provider, why, `the request is answered ${statusOnError}`))
    if (!failOpen) return this.#refuse(exchange, { ...unanswered, status: statusOnError })
    counters.externalAuthorization.failedOpen++
  }

  #refuse({ record }: GuardedExchange, refusal: Refusal): Reply {
    const { status, fields, body, reason } = refusal
    record.flags = 'UAEX'
    const isUntyped = body !== '' && !fields.some(([name]) => name === 'content-type')
    const headers = isUntyped ? [...fields, ['content-type', 'text/plain'] as const] : fields
    return createReply(status, { headers, body, reason })
  }

  #questionOf(exchange: GuardedExchange, body: QuestionRequest['body']): Question {
    const { request, record, source, destination, snapshot, frontend } = exchange
    const length = request.headers.getLower('content-length')
    return {
      source,
      destination: this.#asker.destinationOf(destination, frontend, snapshot),
      startedAtMs: record.startedAtEpochMs,
      sni: undefined,
      request: {
        ...request,
        id: record.requestId ?? '',
        protocol: record.httpVersion,
        bodyLength: length === undefined ? undefined : Number(length),
        body,
      },
    }
  }
}

const MAX_NAMES = 12
const MAX_NAME = 60

const formatNames = (names: readonly string[]): string => {
  const shown = names.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME))
  const more = names.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

interface Refusal {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly reason: string
}

/** In Envoy's words. */
const unanswered: Refusal = { status: 403, fields: [], body: '', reason: 'ext_authz_error' }
const tooLarge: Refusal = { status: 413, fields: [], body: 'Payload Too Large', reason: 'request_payload_too_large' }
const noRoom: Refusal = { status: 503, fields: [], body: '', reason: 'ext_authz_no_memory' }
