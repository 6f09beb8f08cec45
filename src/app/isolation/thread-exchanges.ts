import type { BodyTransform, Exchange, RequestView, ResponseView } from '../../filter/index.ts'
import { HeaderList } from '../../http/header-list.ts'
import { isEqual } from '../../lib/is-equal.ts'
import type { ExchangeChanges, ExchangeData, TransformName } from './messages.ts'

const MAX_EXCHANGES = 20_000

/** An exchange as the code of the filter sees it, and what is kept of it between hooks. */
export interface ThreadExchange extends Exchange {
  readonly request: RequestView
  response: ResponseView | undefined
  match: Exchange['match']
  readonly transforms: Map<TransformName, BodyTransform | undefined>
}

/** The exchanges that a thread knows: `request` is the same object in all hooks of one. */
export class ThreadExchanges {
  readonly #known = new Map<number, ThreadExchange>()
  readonly #numbers = new WeakMap<RequestView, number>()

  /** What the process calls an exchange; `undefined` for what is none. */
  readonly numberOf = (exchange: Exchange): number | undefined => this.#numbers.get(exchange.request)

  /** The exchange, as it is now. */
  open(data: ExchangeData): ThreadExchange {
    const known = this.#known.get(data.exchange)
    if (known !== undefined) return refresh(known, data)
    const made = create(data)
    this.#known.set(data.exchange, made)
    this.#numbers.set(made.request, data.exchange)
    this.#forgetOldest()
    return made
  }

  /** Should somebody forget to say that they are over. */
  #forgetOldest(): void {
    if (this.#known.size <= MAX_EXCHANGES) return
    for (const exchange of this.#known.keys()) return this.forget(exchange)
  }

  find(exchange: number): ThreadExchange | undefined {
    return this.#known.get(exchange)
  }

  forget(exchange: number): void {
    this.#known.delete(exchange)
  }
}

/** What of an exchange is not as it came any more. */
export const changesOf = ({ request, response }: Exchange, data: ExchangeData): ExchangeChanges | undefined => {
  const { authority, path, query, token } = request
  const now = { authority, path, query, token, fields: request.headers.fields }
  const was = data.request
  const isSame =
    (['authority', 'path', 'query', 'token'] as const).every((name) => now[name] === was[name]) &&
    isEqual(now.fields, was.fields)
  const head = response === undefined ? undefined : { status: response.status, fields: response.headers.fields }
  const isSameHead = isEqual(head, data.response)
  if (isSame && isSameHead) return undefined
  return { ...(isSame ? {} : { request: now }), ...(isSameHead || head === undefined ? {} : { response: head }) }
}

const create = (data: ExchangeData): ThreadExchange => {
  const { fields, ...request } = data.request
  const headers = new HeaderList([...fields])
  return {
    request: { ...request, headers },
    response: toResponse(data),
    source: data.source,
    destination: data.destination,
    match: data.match,
    transforms: new Map(),
  }
}

const refresh = (known: ThreadExchange, data: ExchangeData): ThreadExchange => {
  const { authority, path, query, token, fields } = data.request
  Object.assign(known.request, { authority, path, query, token })
  known.request.headers.fields = [...fields]
  known.response = toResponse(data)
  known.match = data.match
  return known
}

const toResponse = ({ response }: ExchangeData): ResponseView | undefined =>
  response === undefined ? undefined : { status: response.status, headers: new HeaderList([...response.fields]) }
