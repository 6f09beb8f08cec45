import type { Dispatcher } from 'undici'
import type { FilterEnv, RequestView } from '../index.ts'
import { createFakeForward } from '../harness/fake-forward.ts'
import type { ResponseOptions } from '../harness/test-exchange.ts'
import { CallError } from './calls.ts'
import { FilterMetrics, METRIC_PREFIX } from './filter-metrics.ts'
import { makeDispatcher } from '../../lib/undici/make-dispatcher.ts'
import type { LabelValues } from './metrics.ts'

/** Who stands for the mesh in a test. */
export interface FakeLentOptions {
  /** Answers what the filter asks of the mesh; it may throw a `CallError`. Absent: there is no such Service. */
  readonly fetch?: (request: Request) => Response | Promise<Response>
  /** What `allowsEgress` says; default: always yes. */
  readonly allowsEgress?: FilterEnv['allowsEgress']
  /** See `createFakeSiblings`; default: there are none. */
  readonly joinSiblings?: FilterEnv['joinSiblings']
  /** Answers what the filter sends on behind itself; it may throw a `CallError`. Absent: 200 without headers and body. */
  readonly forward?: (request: RequestView) => ResponseOptions | Promise<ResponseOptions>
}

/** What of an environment reaches beyond the filter, without a mesh. */
export interface FakeLent extends Pick<
  FilterEnv,
  'fetch' | 'forward' | 'allowsEgress' | 'counter' | 'histogram' | 'joinSiblings'
> {
  readonly makeDispatcher: () => Dispatcher
  /** What a counter has come to: `counted('logins_total', { tenant: 'a' })`; without labels, in all. */
  readonly counted: (name: string, labels?: LabelValues<string>) => number
  /** How many values a histogram has seen, likewise. */
  readonly observed: (name: string, labels?: LabelValues<string>) => number
}

/** Makes it; `signal` ends calls when the filter is closed. */
export const createFakeLent = (
  {
    fetch: answer = noService,
    forward = () => ({}),
    allowsEgress = () => Promise.resolve(true),
    joinSiblings,
  }: FakeLentOptions,
  signal: AbortSignal,
): FakeLent => {
  const metrics = new FilterMetrics()
  const { counter, histogram } = metrics.open('test/filter')
  const ask: FilterEnv['fetch'] = async (input, init) => {
    if (signal.aborted) throw new CallError('ECLOSED', 'the filter is closed')
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    return answer(request)
  }
  const read = (name: string, labels: LabelValues<string>, type: string): number => {
    const dump = metrics.dump().find((metric) => metric.name === METRIC_PREFIX + name && metric.type === type)
    const isMeant = (values: readonly string[]): boolean =>
      values.every((value, i) => {
        const wanted = labels[dump?.labels[i] ?? '']
        return wanted === undefined || String(wanted) === value
      })
    const series = (dump?.series ?? []).filter(({ values }) => isMeant(values))
    const counts = series.flatMap(({ numbers }) => (type === 'counter' ? numbers : numbers.slice(0, -1)))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  let dispatcher: Dispatcher | undefined
  return {
    fetch: ask,
    forward: createFakeForward(forward, signal),
    allowsEgress,
    joinSiblings,
    counter,
    histogram,
    makeDispatcher: () => (dispatcher ??= createAnsweringDispatcher(ask)),
    counted: (name, labels = {}) => read(name, labels, 'counter'),
    observed: (name, labels = {}) => read(name, labels, 'histogram'),
  }
}

const noService = ({ url }: Request): never => {
  const { host } = new URL(url)
  throw new CallError('ENOSERVICE', `no Service of that name in the test: ${host}; give createFakeEnv a fetch`)
}

type Ask = FilterEnv['fetch']

/** undici's methods over a function from requests to responses. */
const createAnsweringDispatcher = (ask: Ask): Dispatcher =>
  makeDispatcher((options, handler) => {
    void play(ask, options, handler)
    return true
  })

const play = async (
  ask: Ask,
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): Promise<void> => {
  const abort = new AbortController()
  const controller: Dispatcher.DispatchController = {
    get aborted() {
      return abort.signal.aborted
    },
    paused: false,
    reason: null,
    abort: (reason) => abort.abort(reason),
    pause: () => {},
    resume: () => {},
  }
  try {
    handler.onRequestStart?.(controller, {})
    abort.signal.throwIfAborted()
    const { origin = '', path, method, headers, body } = options
    // What undici takes for headers and a body, `fetch` takes as well, but for lists of names and values in turn.
    const fields = Array.isArray(headers) ? pairsOf(headers) : headers
    const init = { method, headers: fields ?? {}, body, signal: abort.signal, duplex: 'half' } as RequestInit
    const response = await ask(new URL(path, origin), init)
    controller.rawHeaders = [...response.headers].flat()
    handler.onResponseStart?.(controller, response.status, Object.fromEntries(response.headers), response.statusText)
    handler.onResponseData?.(controller, Buffer.from(await response.arrayBuffer()))
    abort.signal.throwIfAborted()
    handler.onResponseEnd?.(controller, {})
  } catch (error) {
    handler.onResponseError?.(controller, error instanceof Error ? error : new Error(String(error)))
  }
}

const pairsOf = (flat: readonly string[]): (readonly [string, string])[] =>
  flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ''] as const] : []))
