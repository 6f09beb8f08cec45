import type { HeaderList } from '../../../http/header-list.ts'
import type { BodyMode, BodyResult, BodyTransform, Exchange } from '../../index.ts'
import { guardCall } from './guarded-call.ts'
import type { CallRules, Guarded } from './guarded-call.ts'
import { guardReply } from './guard-reply.ts'
import { faultOfHeaders, faultOfPiece } from './judge.ts'
import { restoreExchange, saveExchange } from './undo.ts'

type MakeTransform = (exchange: Exchange) => BodyTransform | void
type TrailerHook = (trailers: HeaderList, exchange: Exchange) => void | Promise<void>

/** Which transform it is, and how it wants the body. */
interface TransformOf {
  readonly hook: 'transformRequest' | 'transformResponse'
  readonly mode: BodyMode | undefined
}

/** Guards the making of a transform, and each call of what was made. */
export const guardTransform =
  (run: MakeTransform, { hook, mode }: TransformOf, guarded: Guarded): MakeTransform =>
  (exchange) => {
    const { health } = guarded
    if (!health.isAdmitted()) return health.refuseQuarantined()
    const rules: CallRules = { hook, faultOf: faultOfMade, headers: headersOf(exchange) }
    const made = guardCall(() => run(exchange), guarded, rules)
    // `faultOfMade` let it pass, or the filter fails open and there is nothing.
    return typeof made === 'function'
      ? guardPieces(made as BodyTransform, { exchange, hook, mode, guarded })
      : undefined
  }

/** Guards a hook on trailers, which fails open to those that came. */
export const guardTrailers =
  (run: TrailerHook, hook: 'onRequestTrailers' | 'onResponseTrailers', guarded: Guarded): TrailerHook =>
  (trailers, exchange) => {
    const { health } = guarded
    if (!health.isAdmitted()) return health.refuseQuarantined()
    const fields = trailers.fields.slice()
    const rules: CallRules = {
      hook,
      faultOf: (result) =>
        result === undefined ? faultOfHeaders(trailers) : 'a hook on trailers returned something: it returns nothing',
      headers: headersOf(exchange),
      undo: () => void (trailers.fields = fields),
    }
    return guardCall(() => run(trailers, exchange), guarded, rules) as void | Promise<void>
  }

/**
 * A transform that fails open leaves the body alone from there on, which is right as long as it has not changed any of
 * it: half of a body that was meant to be changed is nobody's, and the exchange breaks off.
 */
const guardPieces = (
  transform: BodyTransform,
  parts: TransformOf & { readonly exchange: Exchange; readonly guarded: Guarded },
): BodyTransform => {
  const { exchange, hook, mode, guarded } = parts
  const isOpen = guarded.health.user.failureMode === 'open'
  let hasChanged = false
  let hasFailed = false
  return (bytes, isLast) => {
    if (hasFailed) return undefined
    // Transferred to a stream or a port, it would be gone under the connections that read into it next.
    guarded.host.pin?.(bytes.buffer)
    const saved = isOpen && mode === 'buffer' ? saveExchange(exchange) : undefined
    const rules: CallRules = {
      hook,
      faultOf: (result) => {
        const fault = mode === 'watch' ? faultOfWatching(result) : faultOfPiece(result)
        if (result !== undefined && fault === undefined) hasChanged = true
        return fault
      },
      headers: headersOf(exchange),
      wrap: (result) => guardReply(result, guarded),
      isBound: () => hasChanged && mode !== 'buffer',
      undo: () => {
        hasFailed = true
        if (saved !== undefined) restoreExchange(exchange, saved)
      },
    }
    return guardCall(() => transform(bytes, isLast), guarded, rules) as BodyResult
  }
}

const headersOf = (exchange: Exchange): (() => readonly (HeaderList | undefined)[]) => {
  const { request } = exchange
  return () => [request.headers, exchange.response?.headers]
}

const faultOfMade = (made: unknown): string | undefined =>
  made === undefined || typeof made === 'function'
    ? undefined
    : 'a transform is neither a function nor absent: return (bytes, isLast) => …, or nothing'

const faultOfWatching = (result: unknown): string | undefined =>
  result === undefined ? undefined : 'a transform that only watches a body returned something: it returns nothing'
