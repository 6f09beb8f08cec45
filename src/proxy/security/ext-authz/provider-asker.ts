/**
 * Puts a question to a provider, by whatever protocol it speaks, and reads the answer. What is asked about, and what
 * follows from the answer, is for others.
 */
import { formatEndpointKey } from '../../../model/endpoint.ts'
import type { ExternalAuthorization } from '../../../model/security/external-authorization.ts'
import { groupOf } from '../../../snapshot/resolve.ts'
import { destinationOf } from '../../../snapshot/security/facts-of.ts'
import type { EndpointGroup, Frontend, Snapshot } from '../../../snapshot/snapshot.ts'
import type { Destination, ExchangeRecord } from '../../../filter/record.ts'
import type { Counters } from '../../counters.ts'
import type { ForwardDeps } from '../../forward/forward-plan.ts'
import type { Protocol } from './protocol/grpc-check.ts'
import { createHttpProtocol } from './protocol/http-check.ts'
import { ProviderCall, type CallAnswer } from '../../side/provider-call.ts'
import type { Question, QuestionDestination } from './protocol/question.ts'
import type { Verdict } from './protocol/verdict.ts'
import { traceCheck } from './trace-check.ts'

export interface AskerDeps extends ForwardDeps {
  readonly counters: Counters
  /** `key` is one of a few; requests may provoke it at any rate. */
  readonly onWarning: (key: string, message: string) => void
}

/** Who is asked, and how he is called in messages. */
export interface Provider {
  readonly name: string
  readonly settings: ExternalAuthorization
}

/** For whom it is asked. */
export interface AskedFor {
  readonly snapshot: Snapshot
  readonly record: Pick<ExchangeRecord, 'trace'>
}

/** A question that waits for its answer. */
export interface Asking {
  /** Gives up: nobody wants the answer any more, and the promise is never settled. */
  readonly cancel: () => void
  readonly verdict: Promise<Verdict>
}

export class ProviderAsker {
  readonly #deps: AskerDeps
  readonly #protocols = new WeakMap<ExternalAuthorization, Protocol>()
  readonly #principals = new WeakMap<EndpointGroup, { readonly principal: string | undefined }>()

  constructor(deps: AskerDeps) {
    this.#deps = deps
  }

  ask(question: Question, { settings }: Provider, { snapshot, record }: AskedFor): Asking {
    const group = groupOf(snapshot, settings)
    const obstacle = group === undefined ? 'its endpoints are not known' : group.closed
    if (group === undefined || obstacle !== undefined) return settled(obstacle ?? '')
    let call: ProviderCall | undefined
    let isCancelled = false
    const answered = async (): Promise<Verdict> => {
      const protocol = this.#protocols.get(settings) ?? (await this.#open(settings))
      return new Promise((resolve) => {
        if (isCancelled) return
        const { timeoutMs } = settings
        const request = protocol.ask(question)
        const end = record.trace && traceCheck(record.trace, { request, settings, clock: this.#deps.clock })
        const onAnswer = (answer: CallAnswer): void => {
          const verdict: Verdict =
            answer.kind === 'answer' ? protocol.read(answer) : { kind: 'error', message: answer.message }
          end?.({ answer, verdict, endpoint: call?.endpoint })
          resolve(verdict)
        }
        call = new ProviderCall(request, { group, timeoutMs, onAnswer }, this.#deps)
        call.start()
      })
    }
    const cancel = (): void => {
      isCancelled = true
      call?.giveUp()
    }
    return { cancel, verdict: answered() }
  }

  /** What was called, as far as a provider is told. */
  destinationOf(destination: Destination, frontend: Frontend | undefined, snapshot: Snapshot): QuestionDestination {
    const { namespace, name, hostname, port } = destination
    const group = snapshot.groups.get(formatEndpointKey(namespace, name, port))
    return {
      hostname,
      port,
      address: frontend === undefined ? undefined : destinationOf(frontend).destinationAddresses[0],
      principal: group === undefined ? undefined : this.#principalOf(group),
    }
  }

  /** What gRPC's messages take is loaded when it is first needed. */
  async #open(settings: ExternalAuthorization): Promise<Protocol> {
    const protocol =
      settings.protocol === 'http'
        ? createHttpProtocol(settings)
        : (await import('./protocol/grpc-check.ts')).createGrpcProtocol(settings)
    this.#protocols.set(settings, protocol)
    return protocol
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

const settled = (message: string): Asking => ({
  cancel: () => {},
  verdict: Promise.resolve({ kind: 'error', message }),
})

/** Why there is no answer, and what follows: for people. */
export const formatFailure = ({ name, settings }: Provider, why: string, outcome: string): string => {
  const { service, failOpen } = settings
  const asked = `${name}: Service ${service.namespace}/${service.name}:${service.port} gives no answer: ${why}`
  return `${asked}; ${failOpen ? 'it is let through' : outcome}`
}
