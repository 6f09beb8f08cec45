/**
 * A filter whose code runs in a thread of its own: hooks are messages, exchanges go as copies, and changes come back. It
 * looks like any filter; all of its hooks wait. The thread is there from the first call on, and again after each end.
 */
import { FilterFault } from '../../filter/guard/failure.ts'
import type { BodyTransform, Exchange, Filter, FilterEnv, HookResult, Reply } from '../../filter/index.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { Clock } from '../../lib/clock.ts'
import type { FilterModule, FilterSpec } from '../../model/filter-spec.ts'
import type { Lending } from '../../proxy/filter-calls/lend-env.ts'
import type { EnvLink } from '../../proxy/filter-calls/remote/link-env.ts'
import { applyChanges, ExchangeNumbers, toExchangeData } from './exchange-data.ts'
import type { ExchangeHookName, FromThread, ToThread, TrailerHookName, TransformName } from './messages.ts'
import { ThreadLink } from './thread-link.ts'
import type { ThreadLinkOptions } from './thread-link.ts'

/** What is made, of what. */
export interface IsolatedParts {
  readonly spec: FilterSpec
  readonly module: FilterModule
  /** Ties the environment in the thread to the one of the data plane. */
  readonly link: Lending['link']
}

export interface IsolationDeps {
  readonly clock: Clock
  readonly log: FilterEnv['log']
  /** A failure outside of any call. */
  readonly onStray: (fault: FilterFault) => void
  /** Default: a thread. */
  readonly openLink?: (options: ThreadLinkOptions) => Pick<ThreadLink, 'post' | 'close'>
}

type Done = Extract<FromThread, { readonly kind: 'done' }>
/** A message that is answered, before it has its number. */
type Question = DistributiveOmit<Extract<ToThread, { readonly id: number }>, 'id'>
/** A question that has no answer yet. */
interface Asked extends PromiseWithResolvers<Done> {
  /** When the filter was first waited for; `undefined` while its thread starts. */
  atMs: number | undefined
  cancel: () => void
}
type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never

/** How long a thread may take to start: where there is little of a processor, far longer than a hook may wait. */
const START_MS = 10_000

/** Makes the filter. */
export const createIsolatedFilter = (parts: IsolatedParts, deps: IsolationDeps): Filter => {
  const caller = new ThreadCaller(parts, deps)
  const numbers = new ExchangeNumbers()
  const hooks = parts.spec.user?.hooks ?? ['onRequest', 'onResponse']
  const has = (name: keyof Filter): boolean => hooks.includes(name)
  return {
    ...(has('onRequest') ? { onRequest: hookOf('onRequest', caller, numbers) } : {}),
    ...(has('onResponse') ? { onResponse: hookOf('onResponse', caller, numbers) } : {}),
    ...(has('transformRequest') ? { transformRequest: transformOf('transformRequest', caller, numbers) } : {}),
    ...(has('transformResponse') ? { transformResponse: transformOf('transformResponse', caller, numbers) } : {}),
    ...(has('onRequestTrailers') ? { onRequestTrailers: trailersOf('onRequestTrailers', caller, numbers) } : {}),
    ...(has('onResponseTrailers') ? { onResponseTrailers: trailersOf('onResponseTrailers', caller, numbers) } : {}),
    ...(has('onTunnel') ? { onTunnel: tunnelOf(caller) } : {}),
    ...(has('onCommand') ? { onCommand: commandOf(caller) } : {}),
    onComplete: (record, exchange) => {
      const number = numbers.of(exchange)
      if (has('onComplete')) caller.tell({ kind: 'complete', record, data: toExchangeData(exchange, number) })
      else caller.tell({ kind: 'forget', exchange: number })
    },
    close: () => caller.close(),
  }
}

const hookOf =
  (name: ExchangeHookName, caller: ThreadCaller, numbers: ExchangeNumbers) =>
  async (exchange: Exchange): Promise<void | Reply> => {
    const data = toExchangeData(exchange, numbers.of(exchange))
    const done = await caller.askHook(exchange, { kind: 'hook', name, data })
    if (done.changes !== undefined) applyChanges(exchange, done.changes)
    // The guard looks at what it is.
    return done.result as Reply | undefined
  }

const transformOf =
  (name: TransformName, caller: ThreadCaller, numbers: ExchangeNumbers) =>
  (exchange: Exchange): BodyTransform => {
    const number = numbers.of(exchange)
    let isFirst = true
    return async (bytes, isLast) => {
      const data = isFirst ? toExchangeData(exchange, number) : number
      isFirst = false
      // A copy of what is meant, and not of all the memory that it lies in.
      const done = await caller.ask({ kind: 'piece', name, data, bytes: new Uint8Array(bytes), isLast })
      if (done.changes !== undefined) applyChanges(exchange, done.changes)
      // As above.
      return done.result as Awaited<ReturnType<BodyTransform>>
    }
  }

const trailersOf =
  (name: TrailerHookName, caller: ThreadCaller, numbers: ExchangeNumbers) =>
  async (trailers: HeaderList, exchange: Exchange): Promise<void> => {
    const data = toExchangeData(exchange, numbers.of(exchange))
    const { changes } = await caller.ask({ kind: 'trailers', name, data, fields: trailers.fields })
    if (changes?.trailers !== undefined) trailers.fields = [...changes.trailers]
  }

const tunnelOf =
  (caller: ThreadCaller): NonNullable<Filter['onTunnel']> =>
  async ({ source, destination, sni }): Promise<Awaited<HookResult>> =>
    (await caller.ask({ kind: 'tunnel', source, destination, sni })).result as Reply | undefined

const commandOf =
  (caller: ThreadCaller): NonNullable<Filter['onCommand']> =>
  async (command) =>
    (await caller.ask({ kind: 'command', command })).result

/** Asks a thread, which it starts when there is none. */
class ThreadCaller {
  readonly #parts: IsolatedParts
  readonly #abort = new AbortController()
  readonly #deps: IsolationDeps
  readonly #pending = new Map<number, Asked>()
  /** Exchanges whose hooks are waited for, by their numbers: each has one at a time. */
  readonly #waiting = new Map<number, Exchange>()
  /** From the start, and for all threads: as long as there is one the filter's metrics are kept. */
  readonly #env: EnvLink
  #link: Pick<ThreadLink, 'post' | 'close'> | undefined
  #isReady = false
  #last = 0
  #isClosed = false

  constructor(parts: IsolatedParts, deps: IsolationDeps) {
    this.#parts = parts
    this.#deps = deps
    this.#env = parts.link(parts.spec, this.#abort.signal, {
      post: (message) => this.#link?.post({ kind: 'env', message }),
      exchangeOf: (number) => this.#waiting.get(number),
    })
  }

  /** How long its hooks may wait. */
  get #waitMs(): number {
    return this.#parts.spec.user?.waitMs ?? Infinity
  }

  /** Asks a hook; as long as it is waited for its thread may speak of the exchange. */
  async askHook(exchange: Exchange, question: Extract<Question, { readonly kind: 'hook' }>): Promise<Done> {
    const number = question.data.exchange
    this.#waiting.set(number, exchange)
    try {
      return await this.ask(question)
    } finally {
      this.#waiting.delete(number)
    }
  }

  ask(question: Question): Promise<Done> {
    const link = this.#open()
    const id = ++this.#last
    const asked: Asked = { ...Promise.withResolvers<Done>(), atMs: undefined, cancel: () => {} }
    this.#pending.set(id, asked)
    if (this.#isReady) this.#time(id, asked)
    else asked.cancel = this.#giveUpAfter(START_MS, id, `its thread had not started after ${START_MS} ms`)
    link.post({ ...question, id })
    return asked.promise
  }

  /** From now on it is the filter that is waited for. */
  #time(id: number, asked: Asked): void {
    const waitMs = this.#waitMs
    asked.cancel()
    asked.atMs = this.#deps.clock.monotonicMs()
    asked.cancel = waitMs === Infinity ? () => {} : this.#giveUpAfter(waitMs, id, `no answer within ${waitMs} ms`)
  }

  #giveUpAfter(ms: number, id: number, why: string): () => void {
    return this.#deps.clock.after(ms, () => this.#settle(id)?.reject(new FilterFault('wait', why)))
  }

  /** What nobody waits for; a thread that is gone knows nothing of it anyway. */
  tell(message: Extract<ToThread, { readonly kind: 'complete' | 'forget' }>): void {
    this.#link?.post(message)
  }

  close(): void {
    this.#isClosed = true
    this.#abort.abort()
    this.#link?.close()
    this.#rejectAll(new FilterFault('throw', 'the filter is closed'))
  }

  #open(): Pick<ThreadLink, 'post' | 'close'> {
    if (this.#isClosed) throw new FilterFault('throw', 'the filter is closed')
    if (this.#link !== undefined) return this.#link
    const { spec, module } = this.#parts
    const { clock, log, openLink = (options) => new ThreadLink(options) } = this.#deps
    const link = openLink({
      spec,
      module,
      clock,
      onMessage: (message) => {
        switch (message.kind) {
          case 'ready':
            this.#isReady = true
            for (const [id, asked] of this.#pending) this.#time(id, asked)
            return
          case 'done':
            return this.#onDone(message)
          case 'failed':
            return this.#fail(message)
          case 'log':
            return log(message.level, message.message)
          case 'env':
            return this.#env.receive(message.message)
        }
      },
      onEnd: (fault) => {
        this.#link = undefined
        this.#isReady = false
        this.#env.close()
        // Those who waited for it may have given up before.
        this.#deps.onStray(fault)
        this.#rejectAll(fault)
      },
    })
    this.#link = link
    return link
  }

  /** An exchange that was not waited with has gone on, and what has changed of it since is not to be undone. */
  #onDone(done: Done): void {
    const asked = this.#settle(done.id)
    if (asked === undefined) return
    const waitMs = this.#waitMs
    // The loop may have stood still, so that it is later than its timer.
    const isLate = asked.atMs !== undefined && this.#deps.clock.monotonicMs() - asked.atMs >= waitMs
    if (isLate) asked.reject(new FilterFault('wait', `no answer within ${waitMs} ms`))
    else asked.resolve(done)
  }

  #fail({ id, fault }: Extract<FromThread, { readonly kind: 'failed' }>): void {
    const error = new FilterFault(fault.kind, fault.message, fault.location)
    if (id === undefined) this.#deps.onStray(error)
    else this.#settle(id)?.reject(error)
  }

  #settle(id: number): Asked | undefined {
    const asked = this.#pending.get(id)
    this.#pending.delete(id)
    asked?.cancel()
    return asked
  }

  #rejectAll(fault: FilterFault): void {
    for (const [id] of this.#pending) this.#settle(id)?.reject(fault)
  }
}
