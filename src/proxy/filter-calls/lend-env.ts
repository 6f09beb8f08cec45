import { hash } from 'node:crypto'
import type { Exchange, FilterEnv } from '../../filter/index.ts'
import type { LentEnv } from '../../filter/env/instance-env.ts'
import type { FilterMetrics, MetricScope } from '../../filter/env/filter-metrics.ts'
import type { MeshFetch } from '../../filter/env/calls.ts'
import type { Siblings, SiblingUser } from '../../filter/env/siblings.ts'
import { instanceKey } from '../../filter/instance-key.ts'
import { makeDispatcher } from '../../lib/undici/make-dispatcher.ts'
import type { FilterSpec } from '../../model/filter-spec.ts'
import type { DispatchWithin } from './call-env.ts'
import type { CallDeps, Caller } from './dispatch-call.ts'
import { linkEnv, type EnvLink } from './remote/link-env.ts'
import type { ToThread } from './remote/messages.ts'

/** What filters are lent is made of. */
export interface LendingDeps extends Omit<CallDeps, 'egress' | 'services'> {
  readonly metrics: FilterMetrics
  /** Sends a request on behind a filter. */
  readonly forward: (spec: FilterSpec, signal: AbortSignal) => FilterEnv['forward']
  /** Hosts outside of the mesh that filters may call. */
  readonly egress: readonly string[]
  /** Absent: this process is the only one. */
  readonly openSiblings?: OpenSiblings | undefined
}

/** Ties an instance to those of the same channel in other processes, until `signal` says that it is closed. */
export type OpenSiblings = (channel: string, user: SiblingUser, signal: AbortSignal) => Siblings

/** The thread that an environment is in. */
export interface ThreadEnd {
  readonly post: (message: ToThread) => void
  /** The exchange that it knows by that number, as long as it is waited for with it. */
  readonly exchangeOf: (number: number) => Exchange | undefined
}

/** What a filter may wait for, where nothing is said of it. */
const DEFAULT_WAIT_MS = 1000

/** Lends filters what of their environment reaches beyond them. How calls are made is loaded with the first one. */
export class Lending {
  readonly #deps: LendingDeps
  #calls: Promise<Calls> | undefined
  #close: (() => void) | undefined

  constructor(deps: LendingDeps) {
    this.#deps = deps
  }

  /** What an instance is lent, until `signal` says that it is closed. */
  lend(spec: FilterSpec, signal: AbortSignal): LentEnv {
    const { scope, calling } = this.#begin(spec, signal)
    const { openSiblings } = this.#deps
    let dispatcher: LentEnv['dispatcher'] | undefined
    let forward: LentEnv['forward'] | undefined
    return {
      forward: (exchange, options) => {
        forward ??= this.#deps.forward(spec, signal)
        return forward(exchange, options)
      },
      fetch: async (input, init) => (await calling()).fetch(input, init),
      get dispatcher() {
        dispatcher ??= makeDispatcher((options, handler) => {
          void calling().then(({ dispatch }) => dispatch(options, handler))
          return true
        })
        return dispatcher
      },
      allowsEgress: async (hostname, port) => {
        const { Egress } = await import('./egress.ts')
        return new Egress(this.#deps.egress).allows(hostname.toLowerCase(), port) !== undefined
      },
      counter: scope.counter,
      histogram: scope.histogram,
      ...(openSiblings === undefined
        ? {}
        : { joinSiblings: (user: SiblingUser) => openSiblings(channelOf(spec), user, signal) }),
    }
  }

  /** The same for an instance in a thread of its own: `createThreadEnv` is its other end. */
  link(spec: FilterSpec, signal: AbortSignal, { post, exchangeOf }: ThreadEnd): EnvLink {
    const { scope, calling } = this.#begin(spec, signal)
    const { clock } = this.#deps
    let forwardRest: LentEnv['forward'] | undefined
    const forward: LentEnv['forward'] = (exchange, options) => {
      forwardRest ??= this.#deps.forward(spec, signal)
      return forwardRest(exchange, options)
    }
    const dispatch: DispatchWithin = (call, handler) => void calling().then(({ within }) => within(call, handler))
    return linkEnv({ scope, dispatch, forward, exchangeOf, after: clock.after }, post)
  }

  close(): void {
    this.#close?.()
  }

  #begin(
    spec: FilterSpec,
    signal: AbortSignal,
  ): { readonly scope: MetricScope; readonly calling: () => Promise<Calling> } {
    const { metrics } = this.#deps
    const { name, namespace, waitMs } = ownerOf(spec)
    const scope = metrics.open(name)
    signal.addEventListener('abort', scope.close, { once: true })
    let calling: Promise<Calling> | undefined
    const load = async (): Promise<Calling> => {
      const calls = await this.#load()
      const own = metrics.openOwn(name)
      if (signal.aborted) own.close()
      signal.addEventListener('abort', own.close, { once: true })
      const caller = callerOf({ name, namespace, signal }, own)
      const end = (): void => caller.open.forEach((endCall) => endCall())
      signal.addEventListener('abort', end, { once: true })
      return calls.begin(caller, waitMs)
    }
    return {
      scope,
      calling: () => {
        calling ??= load()
        return calling
      },
    }
  }

  #load(): Promise<Calls> {
    this.#calls ??= this.#open()
    return this.#calls
  }

  async #open(): Promise<Calls> {
    const [{ dispatchCall }, { createMeshFetch, createMeshDispatch }, { Egress }, { ServiceFinder }] =
      await Promise.all([
        import('./dispatch-call.ts'),
        import('./call-env.ts'),
        import('./egress.ts'),
        import('./find-service.ts'),
      ])
    const egress = new Egress(this.#deps.egress)
    this.#close = () => egress.close()
    const deps: CallDeps = { ...this.#deps, egress, services: new ServiceFinder() }
    return {
      begin: (caller, waitMs) => {
        const within: DispatchWithin = (asked, handler) => dispatchCall(asked, handler, { caller, deps })
        return { fetch: createMeshFetch(within, waitMs), dispatch: createMeshDispatch(within, waitMs), within }
      },
    }
  }
}

/** The same for the same configuration in the same place, in every process, and for no other. */
const channelOf = (spec: FilterSpec): string => hash('sha256', instanceKey(spec), 'base64url').slice(0, 22)

interface Calls {
  readonly begin: (caller: Caller, waitMs: number) => Calling
}

/** How one filter calls. */
interface Calling {
  readonly fetch: MeshFetch
  readonly dispatch: LentEnv['dispatcher']['dispatch']
  readonly within: DispatchWithin
}

const callerOf = (who: Pick<Caller, 'name' | 'namespace' | 'signal'>, own: MetricScope): Caller => ({
  ...who,
  calls: own.counter('fetch_total', {
    help: 'Calls of filters to others, by whom they called and what came of it: a class of status, or a code',
    labels: ['destination', 'outcome'],
  }),
  seconds: own.histogram('fetch_seconds', {
    help: 'How long calls of filters took, to the last byte of their answers',
    labels: ['destination'],
  }),
  open: new Set(),
})

interface Owner {
  readonly name: string
  readonly namespace: string | undefined
  readonly waitMs: number
}

/** Whose filter it is: the object that says so, or else its kind, whose short names nobody could know. */
const ownerOf = ({ user, kind }: FilterSpec): Owner =>
  user === undefined
    ? { name: kind, namespace: undefined, waitMs: DEFAULT_WAIT_MS }
    : { name: user.id, namespace: user.id.split('/')[0], waitMs: user.waitMs }
