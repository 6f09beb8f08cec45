import { HeaderList } from '../../../http/header-list.ts'
import type { Exchange, RequestView, ResponseView } from '../../index.ts'

/** The objects that an exchange is read from when a hook is through with it: what stands in them is changed, and not they. */
export interface ExchangeParts {
  readonly request: RequestView
  readonly requestHeaders: HeaderList
  readonly response: ResponseView | undefined
  readonly responseHeaders: HeaderList | undefined
  readonly status: number | undefined
}

/**
 * What is wrong with the parts of an exchange behind a hook; `undefined` when nothing is. What was put in the place of one
 * goes, whatever comes of it: an exchange without them could not even be answered.
 */
export const mendParts = (exchange: Exchange, parts: ExchangeParts): string | undefined => {
  const { request, requestHeaders, response, responseHeaders, status } = parts
  const replaced = [
    exchange.request === request ? undefined : 'exchange.request',
    request.headers === requestHeaders ? undefined : 'request.headers',
    response === undefined || isResponse(exchange.response) ? undefined : 'exchange.response',
    response?.headers === responseHeaders ? undefined : 'response.headers',
  ].find((name) => name !== undefined)
  Object.assign(exchange, { request })
  Object.assign(request, { headers: requestHeaders })
  if (response !== undefined) Object.assign(response, { headers: responseHeaders })
  // Another one may be ours: what is said when the time is over, while a hook is waited for.
  if (response !== undefined && !isResponse(exchange.response)) Object.assign(exchange, { response })
  if (replaced !== undefined) {
    return `a hook put something else in the place of ${replaced}: change what is in it`
  }
  return response === undefined || response.status === status ? undefined : faultOfStatus(response.status)
}

const isResponse = (response: ResponseView | undefined): boolean =>
  typeof response === 'object' && response?.headers instanceof HeaderList

const faultOfStatus = (status: unknown): string | undefined =>
  typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599
    ? undefined
    : `a hook set response.status to ${describe(status)}: wanted an integer from 200 to 599`

const describe = (status: unknown): string => {
  if (typeof status === 'string') return JSON.stringify(status.slice(0, 40))
  return typeof status === 'number' ? String(status) : typeof status
}
