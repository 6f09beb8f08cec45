import type { Exchange, RequestView } from '../../filter/index.ts'
import type { ExchangeChanges, ExchangeData, RequestData } from './messages.ts'

/** Numbers exchanges, as long as somebody holds them. */
export class ExchangeNumbers {
  readonly #numbers = new WeakMap<RequestView, number>()
  #last = 0

  of(exchange: Exchange): number {
    const known = this.#numbers.get(exchange.request)
    if (known !== undefined) return known
    this.#numbers.set(exchange.request, ++this.#last)
    return this.#last
  }
}

/** An exchange as data; what is left out no hook may change. */
export const toExchangeData = (exchange: Exchange, number: number): ExchangeData => {
  const { request, response, source, destination, match } = exchange
  return {
    exchange: number,
    request: toRequestData(request),
    response: response === undefined ? undefined : { status: response.status, fields: response.headers.fields },
    source,
    destination,
    match,
  }
}

const toRequestData = (request: RequestView): RequestData => ({
  method: request.method,
  scheme: request.scheme,
  upgrade: request.upgrade,
  authority: request.authority,
  path: request.path,
  query: request.query,
  hasBody: request.hasBody,
  token: request.token,
  fields: request.headers.fields,
})

/** Puts what a hook has changed into the exchange. */
export const applyChanges = ({ request, response }: Exchange, changes: ExchangeChanges): void => {
  if (changes.request !== undefined) {
    const { fields, ...parts } = changes.request
    Object.assign(request, parts)
    request.headers.replaceFields(fields)
  }
  if (changes.response !== undefined && response !== undefined) {
    response.status = changes.response.status
    response.headers.fields = [...changes.response.fields]
  }
}
