import { createRequire } from 'node:module'
import type { Dispatcher } from 'undici'

/**
 * undici's methods (`request`, `stream`, `pipeline`, `compose`, …) over a way to carry one request. undici is loaded here,
 * and only these parts of it: the whole has caches, mocks and WebSocket, and takes five times the memory.
 */
export const makeDispatcher = (dispatch: Dispatcher['dispatch']): Dispatcher => {
  const load = createRequire(import.meta.url)
  const Base = load('undici/lib/dispatcher/dispatcher.js') as new () => Dispatcher
  const methods = load('undici/lib/api/index.js') as Partial<Dispatcher>
  // It is not the filter's to close: what is under way ends with the filter.
  const nothing = (): Promise<void> => Promise.resolve()
  return Object.assign(new Base(), methods, { dispatch, close: nothing, destroy: nothing })
}
