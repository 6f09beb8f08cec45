import type { Dispatcher } from 'undici'
import { CallError } from '../../../filter/env/calls.ts'
import { FilterMetrics, MAX_METRICS, type MetricKind } from '../../../filter/env/filter-metrics.ts'
import type { LentEnv } from '../../../filter/env/instance-env.ts'
import type { HistogramOptions } from '../../../filter/env/metrics.ts'
import type { Exchange } from '../../../filter/index.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { makeDispatcher } from '../../../lib/undici/make-dispatcher.ts'
import { createMeshDispatch, createMeshFetch, type DispatchWithin } from '../call-env.ts'
import { fieldsOf } from '../fields-of.ts'
import { tellError } from '../guarded-handler.ts'
import { collectBody, headersOf, withQuery } from '../request-of.ts'
import type { FromThread, ToThread } from './messages.ts'
import { createThreadForward } from './thread-forward.ts'

/** An environment in a thread, whose calls are made and whose metrics are kept by the process around it. */
export interface ThreadEnv {
  readonly lent: LentEnv
  readonly receive: (message: ToThread) => void
}

/** A body is sent to the process whole. */
const MAX_BODY_BYTES = 8 * 1024 * 1024
/** What was counted is told so late. */
const TELL_AFTER_MS = 20

/** `waitMs` is how long a call may take unless it says so itself; `numberOf` what the process calls an exchange. */
export const createThreadEnv = (
  waitMs: number,
  post: (message: FromThread) => void,
  numberOf: (exchange: Exchange) => number | undefined = () => undefined,
): ThreadEnv => {
  const forwarding = createThreadForward(numberOf, post)
  const calls = new Map<number, ThreadCall>()
  let lastId = 0
  const dispatch: DispatchWithin = ({ options, limits }, handler) => {
    const id = ++lastId
    const call = new ThreadCall(handler, {
      tell: (kind) => post({ kind, id }),
      onOver: () => calls.delete(id),
    })
    calls.set(id, call)
    void send()

    async function send(): Promise<void> {
      try {
        const body = await collectBody(options.body, MAX_BODY_BYTES)
        const { path, method, query } = options
        const headers = headersOf(options.headers).fields
        const whole = query === undefined ? path : withQuery(path, query)
        const origin = String(options.origin)
        if (!call.start()) return
        if (method === 'CONNECT' || (options.upgrade ?? false) !== false) throw new CallError('EINVAL', noSwitching)
        post({ kind: 'call', id, origin, path: whole, method, headers, body, limits })
      } catch (error) {
        call.fail(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }
  const metrics = createRemoteMetrics(post)
  let dispatcher: Dispatcher | undefined
  return {
    lent: {
      fetch: createMeshFetch(dispatch, waitMs),
      get dispatcher() {
        dispatcher ??= makeDispatcher(createMeshDispatch(dispatch, waitMs))
        return dispatcher
      },
      forward: forwarding.forward,
      // What holds for connections that are opened here nobody could watch.
      allowsEgress: () => Promise.resolve(false),
      ...metrics,
    },
    receive: (message) => {
      switch (message.kind) {
        case 'forwarded':
        case 'forward-piece':
        case 'forward-error':
          return forwarding.receive(message)
        case 'head':
        case 'data':
        case 'end':
        case 'error':
          return calls.get(message.id)?.receive(message)
      }
    },
  }
}

const noSwitching = 'a filter cannot switch protocols'

/** Counts here, by the rules of the process, and says now and then what it has come to: however much that is, it is little to say. */
const createRemoteMetrics = (post: (message: FromThread) => void): Pick<LentEnv, 'counter' | 'histogram'> => {
  const metrics = new FilterMetrics()
  const { counter, histogram } = metrics.open('')
  const told = new Set<string>()
  let isDue = false
  const tell = (): void => {
    if (isDue) return
    isDue = true
    setTimeout(() => {
      isDue = false
      post({ kind: 'counted', counts: metrics.drain() })
    }, TELL_AFTER_MS).unref()
  }
  const make = (metric: MetricKind): void => {
    const whole = JSON.stringify(metric)
    if (told.size >= MAX_METRICS || told.has(whole)) return
    told.add(whole)
    post({ kind: 'metric', metric })
  }
  return {
    counter: (name, options) => {
      const { inc } = counter(name, options)
      make({ type: 'counter', name, options: plain(options) })
      return {
        inc: (...counted) => {
          inc(...counted)
          tell()
        },
      }
    },
    histogram: (name, options) => {
      const { observe } = histogram(name, options)
      make({ type: 'histogram', name, options: plain(options) })
      return {
        observe: (...observed) => {
          observe(...observed)
          tell()
        },
      }
    },
  }
}

/** What can be cloned. */
const plain = ({ help, labels, buckets }: HistogramOptions<string>): HistogramOptions<string> => ({
  help,
  ...(labels === undefined ? {} : { labels: [...labels] }),
  ...(buckets === undefined ? {} : { buckets: [...buckets] }),
})

type CallMessage = Extract<ToThread, { readonly kind: 'head' | 'data' | 'end' | 'error' }>

interface ThreadCallUser {
  readonly tell: (kind: 'pause' | 'resume' | 'abort') => void
  readonly onOver: () => void
}

/** One call of the thread, as its handler sees it. */
class ThreadCall implements Dispatcher.DispatchController {
  rawHeaders: string[] | null = null
  rawTrailers: string[] | null = null
  aborted = false
  reason: Error | null = null
  paused = false
  readonly #handler: Dispatcher.DispatchHandler
  readonly #user: ThreadCallUser
  #isOver = false

  constructor(handler: Dispatcher.DispatchHandler, user: ThreadCallUser) {
    this.#handler = handler
    this.#user = user
  }

  /** False when the handler does not want it after all. */
  start(): boolean {
    this.#run(() => this.#handler.onRequestStart?.(this, {}))
    return !this.#isOver
  }

  receive(message: CallMessage): void {
    if (this.#isOver) return
    switch (message.kind) {
      case 'head':
        this.rawHeaders = [...message.fields]
        return this.#run(() =>
          this.#handler.onResponseStart?.(
            this,
            message.status,
            fieldsOf(new HeaderList([...message.fields])),
            message.text,
          ),
        )
      case 'data': {
        const { buffer, byteOffset, byteLength } = message.bytes
        return this.#run(() => this.#handler.onResponseData?.(this, Buffer.from(buffer, byteOffset, byteLength)))
      }
      case 'end':
        this.#finish()
        this.rawTrailers = [...message.trailers]
        try {
          this.#handler.onResponseEnd?.(this, fieldsOf(new HeaderList([...message.trailers])))
        } catch (error) {
          // As undici has it: a handler that retries says so by throwing, and wants to be told.
          tellError(this.#handler, this, error instanceof Error ? error : new Error(String(error)))
        }
        return
      case 'error':
        this.fail(new CallError(message.code, message.message))
    }
  }

  fail(error: Error): void {
    if (this.#isOver) return
    this.#finish()
    tellError(this.#handler, this, error)
  }

  abort(reason: Error): void {
    if (this.#isOver) return
    this.aborted = true
    this.reason = reason
    this.#user.tell('abort')
    this.fail(reason)
  }

  pause(): void {
    if (!this.paused) this.#user.tell('pause')
    this.paused = true
  }

  resume(): void {
    if (this.paused) this.#user.tell('resume')
    this.paused = false
  }

  #finish(): void {
    this.#isOver = true
    this.#user.onOver()
  }

  #run(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
