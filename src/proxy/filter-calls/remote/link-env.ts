import { CallError } from '../../../filter/env/calls.ts'
import { MAX_METRICS, type CountedMetric, type MetricScope } from '../../../filter/env/filter-metrics.ts'
import type { Dispatcher } from 'undici'
import type { DispatchWithin } from '../call-env.ts'
import { linkForward, type ForwardLinkParts } from './link-forward.ts'
import type { FromThread, ToThread } from './messages.ts'

/** The process' side of a filter's environment in a thread: gives it what `post` can carry, and takes what it says. */
export interface EnvLink {
  readonly receive: (message: FromThread) => void
  /** The thread is no more: its calls are given up. Another one may begin. */
  readonly close: () => void
}

/** Ties an environment in a thread to what its filter is lent here. When the filter is closed its calls end with it. */
export const linkEnv = (
  lent: ForwardLinkParts & { readonly scope: MetricScope; readonly dispatch: DispatchWithin },
  post: (message: ToThread) => void,
): EnvLink => {
  const forwards = linkForward(lent, post)
  const calls = new Map<number, RemoteCall>()
  const metrics = new Map<string, (counted: CountedMetric) => void>()
  return {
    close: () => {
      for (const call of calls.values()) call.abort()
      forwards.close()
      metrics.clear()
    },
    receive: (message) => {
      switch (message.kind) {
        case 'call': {
          const { id, limits, body, headers, ...options } = message
          const call = new RemoteCall(id, post, () => {
            // The next thread counts from the beginning.
            if (calls.get(id) === call) calls.delete(id)
          })
          calls.set(id, call)
          const whole = body === undefined ? null : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
          return lent.dispatch({ options: { ...options, headers: [...headers], body: whole }, limits }, call)
        }
        case 'forward':
        case 'forward-read':
        case 'forward-leave':
          return forwards.receive(message)
        case 'pause':
          return calls.get(message.id)?.controller?.pause()
        case 'resume':
          return calls.get(message.id)?.controller?.resume()
        case 'abort':
          return calls.get(message.id)?.abort()
        case 'metric':
          // Beyond them none would be shown.
          if (metrics.size < MAX_METRICS || metrics.has(message.metric.name)) {
            metrics.set(message.metric.name, lent.scope.merging(message.metric))
          }
          return
        case 'counted':
          for (const counted of message.counts) metrics.get(counted.name)?.(counted)
      }
    },
  }
}

/** Tells the thread what becomes of one of its calls. */
class RemoteCall implements Dispatcher.DispatchHandler {
  controller: Dispatcher.DispatchController | undefined
  readonly #id: number
  readonly #post: (message: ToThread) => void
  readonly #onOver: () => void
  #isAborted = false

  constructor(id: number, post: (message: ToThread) => void, onOver: () => void) {
    this.#id = id
    this.#post = post
    this.#onOver = onOver
  }

  /** The thread wants no more of it, and knows why. */
  abort(): void {
    this.#isAborted = true
    this.#onOver()
    this.controller?.abort(new CallError('ECLOSED', 'the filter gave it up'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.#isAborted) controller.abort(new CallError('ECLOSED', 'the filter gave it up'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: unknown, text = ''): void {
    this.#tell({ kind: 'head', id: this.#id, status, text, fields: textsOf(controller.rawHeaders) })
  }

  onResponseData(_controller: unknown, bytes: Buffer): void {
    this.#tell({ kind: 'data', id: this.#id, bytes })
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#onOver()
    this.#tell({ kind: 'end', id: this.#id, trailers: textsOf(controller.rawTrailers) })
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#onOver()
    const code = error instanceof CallError ? error.code : 'EPROTOCOL'
    this.#tell({ kind: 'error', id: this.#id, code, message: error.message })
  }

  #tell(message: ToThread): void {
    if (!this.#isAborted) this.#post(message)
  }
}

/** undici's own client has bytes, ours texts. */
const textsOf = (raw: Dispatcher.DispatchController['rawHeaders']): string[] =>
  Array.isArray(raw) ? raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))) : []
