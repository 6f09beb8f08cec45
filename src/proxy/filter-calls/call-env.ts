import type { Dispatcher } from 'undici'
import { CallError, type FetchInit, type MeshFetch } from '../../filter/env/calls.ts'
import { refusedFor, tellError, type CallLimits } from './guarded-handler.ts'

/** Carries a call within limits. */
export type DispatchWithin = (
  call: { readonly options: Dispatcher.DispatchOptions; readonly limits: CallLimits },
  handler: Dispatcher.DispatchHandler,
) => void

/** Whatever a filter may have put in its place. */
const platformFetch = globalThis.fetch
/** The most that a call may ask for. */
const MAX_TIMEOUT_MS = 60_000
const MAX_BYTES = 64 * 1024 * 1024
/** Of what its hook may wait: the filter is to have time for an answer of its own when there is none. */
const SHARE_OF_WAIT = 0.9
/** What it gets unless it asks. */
export const DEFAULT_BYTES = 1024 * 1024

/** `env.fetch`: Node's own `fetch`, by our connections; a hook of the filter may wait for `waitMs`. */
export const createMeshFetch =
  (dispatch: DispatchWithin, waitMs: number): MeshFetch =>
  async (input, init = {}) => {
    const { timeoutMs = waitMs * SHARE_OF_WAIT, maxBytes = DEFAULT_BYTES, ...rest } = init
    const limits = {
      timeoutMs: within('timeoutMs', timeoutMs, MAX_TIMEOUT_MS),
      maxBytes: within('maxBytes', maxBytes, MAX_BYTES),
    }
    const dispatcher = { dispatch: toOneOrigin(dispatch, limits) }
    // Of undici's interface `fetch` uses one method; its types are those of Node's copy, which has the same.
    const options = {
      redirect: 'manual',
      ...rest,
      headers: headersOf(input, init),
      dispatcher,
    } as unknown as RequestInit
    try {
      return await platformFetch(input, options)
    } catch (error) {
      // `fetch failed` is all that it says itself.
      throw error instanceof TypeError && error.cause instanceof CallError ? error.cause : error
    }
  }

/** What `env.dispatcher` does: the time to the whole answer is `headersTimeout`, if a call has one. */
export const createMeshDispatch =
  (dispatch: DispatchWithin, waitMs: number): Dispatcher['dispatch'] =>
  (options, handler) => {
    const timeoutMs = Math.min(options.headersTimeout || waitMs * SHARE_OF_WAIT, MAX_TIMEOUT_MS)
    dispatch({ options, limits: { timeoutMs, maxBytes: MAX_BYTES } }, handler)
    return true
  }

/** A redirect that is followed must not lead elsewhere: whom a filter calls is for its author to say, and not for a server. */
const toOneOrigin = (dispatch: DispatchWithin, limits: CallLimits): Dispatcher['dispatch'] => {
  let first: string | undefined
  return (options, handler) => {
    const origin = String(options.origin).replace(/\/$/, '')
    first ??= origin
    if (origin === first) dispatch({ options, limits }, handler)
    else {
      const error = new CallError('ENOTALLOWED', `${first} redirects to ${origin}, which is another host: not followed`)
      queueMicrotask(() => tellError(handler, refusedFor(error), error))
    }
    return true
  }
}

/** Unless asked for nothing is compressed: `maxBytes` counts what comes, and a few bytes can be made to unpack to very many. */
const headersOf = (input: Parameters<MeshFetch>[0], init: FetchInit): Headers => {
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined))
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity')
  return headers
}

const within = (name: string, value: number, most: number): number => {
  if (value > 0 && value <= most) return value
  throw new CallError('EINVAL', `${name}: ${value}: above 0, and at most ${most}`)
}
