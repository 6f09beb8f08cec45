import type { BodyTransform, Filter, HookResult } from './index.ts'

/**
 * A filter that is made with the first call of one of its hooks, and again with the next when that fails: one that has just
 * taken a process down by being made must not do so in the next one. `hooks`: those that it has.
 */
export const createLazyFilter = (hooks: readonly string[], make: () => Filter): Filter => {
  let made: Filter | undefined
  const real = (): Filter => (made ??= make())
  const all: Filter = {
    onRequest: (exchange): HookResult => real().onRequest?.(exchange),
    onResponse: (exchange): HookResult => real().onResponse?.(exchange),
    transformRequest: (exchange): BodyTransform | undefined | void => real().transformRequest?.(exchange),
    transformResponse: (exchange): BodyTransform | undefined | void => real().transformResponse?.(exchange),
    onRequestTrailers: (trailers, exchange) => real().onRequestTrailers?.(trailers, exchange),
    onResponseTrailers: (trailers, exchange) => real().onResponseTrailers?.(trailers, exchange),
    serve: (exchange, serving) => real().serve?.(exchange, serving),
    onTunnel: (tunnel): HookResult => real().onTunnel?.(tunnel),
    onComplete: (record, exchange) => made?.onComplete?.(record, exchange),
  }
  return {
    ...Object.fromEntries(Object.entries(all).filter(([name]) => hooks.includes(name))),
    close: () => made?.close?.(),
  }
}
