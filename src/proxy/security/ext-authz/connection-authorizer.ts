import type { ExchangeRecord } from '../../../filter/record.ts'
import type { RulePlan } from '../../../snapshot/security/policy-plans.ts'
import type { Frontend, Snapshot } from '../../../snapshot/snapshot.ts'
import { formatFailure, type AskerDeps, type Provider, type ProviderAsker } from './provider-asker.ts'
import type { QuestionRequest } from './protocol/question.ts'
import type { Verdict } from './protocol/verdict.ts'

/** A connection whose bytes are passed on, or a request that is under way, which CUSTOM rules match. */
export interface AskedConnection {
  readonly snapshot: Snapshot
  readonly frontend: Frontend
  readonly record: ExchangeRecord
  readonly sni: string | undefined
  /** One of each provider. */
  readonly rules: readonly RulePlan[]
  /** As it was received; absent: it is a connection. */
  readonly request?: QuestionRequest | undefined
}

/** What became of the question: the rule whose provider refuses, or has no answer. */
export type ConnectionAnswer = { readonly rule: RulePlan; readonly details: 'ext_authz_denied' | 'ext_authz_error' }

/**
 * Has providers decide whether a connection may be carried, those that speak gRPC, as there is no HTTP to ask about; or
 * whether a request may go on, of which nothing can be changed any more.
 */
export class ConnectionAuthorizer {
  readonly #asker: ProviderAsker
  readonly #deps: Pick<AskerDeps, 'counters' | 'onWarning'>

  constructor(asker: ProviderAsker, deps: Pick<AskerDeps, 'counters' | 'onWarning'>) {
    this.#asker = asker
    this.#deps = deps
  }

  /** Asks one after the other; `onAnswer` gets the first that refuses, or `undefined`. The result ends the asking. */
  check(connection: AskedConnection, onAnswer: (refusal: ConnectionAnswer | undefined) => void): () => void {
    let cancel = (): void => {}
    let isCancelled = false
    const run = async (): Promise<ConnectionAnswer | undefined> => {
      for (const rule of connection.rules) {
        const provider = this.#providerOf(rule, connection)
        if (provider === undefined) return { rule, details: 'ext_authz_error' }
        const asking = this.#ask(connection, provider)
        cancel = asking.cancel
        const details = this.#conclude(provider, await asking.verdict)
        if (details !== undefined) return { rule, details }
      }
      return undefined
    }
    const settle = (refusal: ConnectionAnswer | undefined): void => {
      if (!isCancelled) onAnswer(refusal)
    }
    const [first] = connection.rules
    run().then(settle, (error: unknown) => {
      this.#deps.onWarning('asking about a connection', `asking about a connection failed: ${String(error)}`)
      if (first !== undefined) settle({ rule: first, details: 'ext_authz_error' })
    })
    return () => {
      isCancelled = true
      cancel()
    }
  }

  #ask(connection: AskedConnection, provider: Provider): ReturnType<ProviderAsker['ask']> {
    const { snapshot, frontend, record, sni, request } = connection
    const { source, destination, startedAtEpochMs: startedAtMs } = record
    const called = this.#asker.destinationOf(destination, frontend, snapshot)
    return this.#asker.ask({ source, destination: called, startedAtMs, sni, request }, provider, connection)
  }

  #providerOf({ policy }: RulePlan, { snapshot, request }: AskedConnection): Provider | undefined {
    const { key, provider: name = '' } = policy
    const found = snapshot.providers.get(name)
    const canTell = found?.kind === 'usable' && (found.settings.protocol === 'grpc' || request !== undefined)
    if (canTell) return { name: `provider ${name}`, settings: found.settings }
    const who = `provider ${name} of AuthorizationPolicy ${key}`
    const why =
      found === undefined
        ? 'the mesh has no such extension provider'
        : found.kind === 'closed'
          ? found.reason
          : 'it speaks HTTP, and can be asked about requests only'
    this.#deps.counters.externalAuthorization.failed++
    this.#deps.onWarning(who, `${who}: ${why}`)
    return undefined
  }

  #conclude(provider: Provider, verdict: Verdict): ConnectionAnswer['details'] | undefined {
    const { counters, onWarning } = this.#deps
    const counts = counters.externalAuthorization
    if (verdict.kind === 'allow') counts.allowed++
    if (verdict.kind === 'deny') counts.denied++
    if (verdict.kind !== 'error') return verdict.kind === 'deny' ? 'ext_authz_denied' : undefined
    counts.failed++
    onWarning(provider.name, formatFailure(provider, verdict.message, 'the connection is closed'))
    if (!provider.settings.failOpen) return 'ext_authz_error'
    counts.failedOpen++
    return undefined
  }
}
