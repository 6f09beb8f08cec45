/**
 * Asks somebody else whether a request may pass, and does what the answer says. Where there is no answer the request is
 * refused, unless its settings say otherwise. Which policies and filters want that is no business of this file.
 */
import type { Reply } from '../../../filter/index.ts'
import { createReply } from '../../../filter/reply.ts'
import { formatEndpointKey } from '../../../model/endpoint.ts'
import type { ExternalAuthorization } from '../../../model/security/external-authorization.ts'
import { groupOf } from '../../../snapshot/resolve.ts'
import { destinationOf } from '../../../snapshot/security/facts-of.ts'
import type { EndpointGroup } from '../../../snapshot/snapshot.ts'
import type { Counters } from '../../counters.ts'
import type { BodyView } from '../../forward/body-reader.ts'
import type { ForwardDeps } from '../../forward/forward-plan.ts'
import type { GuardedExchange } from '../guards.ts'
import { applyChanges, changeFields, findUnwritable } from './apply-changes.ts'
import type { Protocol } from './grpc-check.ts'
import { createHttpProtocol } from './http-check.ts'
import { ProviderCall } from './provider-call.ts'
import type { Question, QuestionRequest } from './question.ts'
import type { Verdict } from './verdict.ts'

export interface AuthorizerDeps extends ForwardDeps {
  readonly counters: Counters
  /** `key` is one of a few; requests may provoke it at any rate. */
  readonly onWarning: (key: string, message: string) => void
}

/** Who is asked, and how he is called in messages. */
export interface Provider {
  readonly name: string
  readonly settings: ExternalAuthorization
}

export class ExternalAuthorizer {
  readonly #deps: AuthorizerDeps
  readonly #protocols = new WeakMap<ExternalAuthorization, Protocol>()
  readonly #principals = new WeakMap<EndpointGroup, { readonly principal: string | undefined }>()

  constructor(deps: AuthorizerDeps) {
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
    return this.#refuse(exchange, denied)
  }

  async #ask(exchange: GuardedExchange, provider: Provider, body: QuestionRequest['body']): Promise<Reply | void> {
    const { settings } = provider
    const group = groupOf(exchange.snapshot, settings)
    const reason = group === undefined ? 'it is not among the known endpoints' : group.closed
    if (group === undefined || reason !== undefined) return this.#fail(exchange, provider, reason ?? '')
    const protocol = this.#protocols.get(settings) ?? (await this.#open(settings))
    const question = this.#questionOf(exchange, body)
    const verdict = await this.#call(exchange, { protocol, question, group, timeoutMs: settings.timeoutMs })
    return this.#conclude(exchange, provider, verdict)
  }

  /** What gRPC's messages take is loaded when it is first needed. */
  async #open(settings: ExternalAuthorization): Promise<Protocol> {
    const protocol =
      settings.protocol === 'http'
        ? createHttpProtocol(settings)
        : (await import('./grpc-check.ts')).createGrpcProtocol(settings)
    this.#protocols.set(settings, protocol)
    return protocol
  }

  #call(
    exchange: GuardedExchange,
    to: {
      readonly protocol: Protocol
      readonly question: Question
      readonly group: EndpointGroup
      readonly timeoutMs: number
    },
  ): Promise<Verdict> {
    return new Promise((resolve) => {
      const call = new ProviderCall(
        to.protocol.ask(to.question),
        {
          ...to,
          onAnswer: (answer) => {
            exchange.onOver = undefined
            resolve(answer.kind === 'answer' ? to.protocol.read(answer) : { kind: 'error', message: answer.message })
          },
        },
        this.#deps,
      )
      // Nobody waits for the answer then, and this promise goes with the exchange.
      exchange.onOver = () => call.giveUp()
      call.start()
    })
  }

  #conclude(exchange: GuardedExchange, provider: Provider, verdict: Verdict): Reply | void {
    switch (verdict.kind) {
      case 'error':
        return this.#fail(exchange, provider, verdict.message)
      case 'deny': {
        this.#deps.counters.externalAuthorization.denied++
        const { status, headers, body } = verdict
        const fields = [...headers].filter(([name, value]) => findUnwritable([{ name, value }]) === undefined)
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
    this.#deps.onWarning(`${name} ignored`, `${name}: what its answer wants is not done here: ${ignored.join(', ')}`)
  }

  #fail(exchange: GuardedExchange, { name, settings }: Provider, why: string): Reply | void {
    const { counters, onWarning } = this.#deps
    const { service, failOpen, statusOnError } = settings
    const asked = `${name}: Service ${service.namespace}/${service.name}:${service.port} gives no answer: ${why}`
    counters.externalAuthorization.failed++
    onWarning(name, `${asked}; the request is ${failOpen ? 'let through' : `answered ${statusOnError}`}`)
    if (!failOpen) return this.#refuse(exchange, { ...denied, status: statusOnError })
    counters.externalAuthorization.failedOpen++
  }

  #refuse({ record }: GuardedExchange, refusal: Refusal): Reply {
    const { status, fields, body, reason } = refusal
    record.flags = 'UAEX'
    const isUntyped = body !== '' && !fields.some(([name]) => name === 'content-type')
    const headers = isUntyped ? [...fields, ['content-type', 'text/plain'] as const] : fields
    return createReply(status, { headers, body, reason })
  }

  #questionOf(
    { request, record, source, destination, snapshot, frontend }: GuardedExchange,
    body: QuestionRequest['body'],
  ): Question {
    const { namespace, name, hostname, port } = destination
    const group = snapshot.groups.get(formatEndpointKey(namespace, name, port))
    const length = request.headers.getLower('content-length')
    return {
      source,
      destination: {
        hostname,
        port,
        address: frontend === undefined ? undefined : destinationOf(frontend).destinationAddresses[0],
        principal: group === undefined ? undefined : this.#principalOf(group),
      },
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

  #principalOf(group: EndpointGroup): string | undefined {
    const known = this.#principals.get(group)
    if (known !== undefined) return known.principal
    const [first, ...others] = group.endpoints
    const principal = others.every(({ identity }) => identity === first?.identity) ? first?.identity : undefined
    this.#principals.set(group, { principal })
    return principal
  }
}

interface Refusal {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly reason: string
}

/** In Envoy's words. */
const denied: Refusal = { status: 403, fields: [], body: '', reason: 'ext_authz_error' }
const tooLarge: Refusal = { status: 413, fields: [], body: 'Payload Too Large', reason: 'request_payload_too_large' }
const noRoom: Refusal = { status: 503, fields: [], body: '', reason: 'ext_authz_no_memory' }
