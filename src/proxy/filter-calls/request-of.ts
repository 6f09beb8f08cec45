import type { Dispatcher } from 'undici'
import { CallError } from '../../filter/env/calls.ts'
import { HeaderList } from '../../http/header-list.ts'
import { CHUNKED } from '../../http/h1/message.ts'
import { cleanRequest } from '../../http/hop-by-hop.ts'
import { bytesOf, type PumpedBody } from '../body/body-pump.ts'
import type { ForwardRequest } from '../forward/forward-plan.ts'

/** Says how many calls of filters led to this one; whoever copies a request's fields onto a call passes it on. */
export const HOPS_FIELD = 'x-fairway-filter-hops'
/** A fifth one in a row is a loop. */
const MAX_HOPS = 4

/** A call as it goes out. */
export interface CallRequest {
  readonly head: ForwardRequest
  /** `undefined`: none. */
  readonly body: PumpedBody | undefined
}

/** What undici is asked for, as a request of ours; throws a `CallError` for what cannot be one. */
export const requestOf = (options: Dispatcher.DispatchOptions, host: string): CallRequest => {
  const { method, body, upgrade } = options
  if (method === 'CONNECT' || (upgrade !== undefined && upgrade !== null && upgrade !== false)) {
    throw new CallError('EINVAL', `${method} ${host}: a filter cannot switch protocols`)
  }
  const headers = headersOf(options.headers)
  const wholeBody = bodyOf(body)
  const bodyLength = lengthOf(wholeBody, headers)
  const named = headers.getLower('host')
  cleanRequest(headers)
  headers.removeLower('host')
  headers.removeLower('content-length')
  // Nobody would send the body only when he is told to go on.
  headers.removeLower('expect')
  countHop(headers, host)
  const head = {
    method,
    target: targetOf(options),
    host: named ?? host,
    scheme: 'http' as const,
    headers,
    bodyLength,
    upgrade: undefined,
    isHttp2: false,
    token: undefined,
    h1Head: undefined,
    h2Head: undefined,
  }
  return { head, body: bodyLength === 0 ? undefined : wholeBody }
}

const targetOf = ({ path, query }: Dispatcher.DispatchOptions): string => {
  if (typeof path !== 'string' || !path.startsWith('/')) {
    throw new CallError('EINVAL', `path ${JSON.stringify(path)}: it begins with /`)
  }
  return query === undefined ? path : withQuery(path, query)
}

/** A path with further parameters; those that are lists come several times. */
export const withQuery = (path: string, query: Readonly<Record<string, unknown>>): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map((item): [string, string] => [
      name,
      String(item),
    ]),
  )
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(pairs).toString()}`
}

/** All of a body, for a way that takes nothing piece by piece; throws a `CallError` when it is longer than `maxBytes`. */
export const collectBody = async (from: unknown, maxBytes: number): Promise<Buffer | undefined> => {
  const body = bodyOf(from)
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of Buffer.isBuffer(body) ? [body] : (body ?? [])) {
    const buffer = bytesOf(piece, refuse)
    bytes += buffer.length
    if (bytes > maxBytes) throw new CallError('ETOOLARGE', `a body of more than ${maxBytes} bytes from a thread`)
    pieces.push(buffer)
  }
  return body === undefined ? undefined : Buffer.concat(pieces)
}

/** undici takes names and values in turn, pairs, or an object whose values may be lists. */
export const headersOf = (from: Dispatcher.DispatchOptions['headers']): HeaderList => {
  const headers = new HeaderList()
  const add = (name: string, value: unknown): void => {
    if (value === undefined) return
    for (const item of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      headers.add(name, textOf(item))
    }
  }
  if (from === undefined || from === null) return headers
  if (Array.isArray(from)) for (let i = 0; i < from.length; i += 2) add(from[i] ?? '', from[i + 1])
  else if (Symbol.iterator in from) for (const [name, value] of from) add(name, value)
  else for (const [name, value] of Object.entries(from)) add(name, value)
  return headers
}

const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  throw new CallError('EINVAL', `a field of type ${typeof value}: it must be text`)
}

const bodyOf = (body: unknown): PumpedBody | undefined => {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return Buffer.from(body)
  if (Buffer.isBuffer(body)) return body
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (body instanceof ArrayBuffer) return Buffer.from(body)
  if (body instanceof Blob) return body.stream()
  if (typeof body === 'object' && Symbol.asyncIterator in body) return body as AsyncIterable<unknown>
  // A form is iterable as well, and its pieces are no bytes.
  if (Array.isArray(body)) return body as readonly unknown[]
  throw new CallError('EINVAL', 'a body is text, bytes, a Blob, a stream or a list of pieces; forms go by env.fetch')
}

const lengthOf = (body: PumpedBody | undefined, headers: HeaderList): number => {
  if (body === undefined) return 0
  if (Buffer.isBuffer(body)) return body.length
  const announced = headers.getLower('content-length')
  return announced !== undefined && /^\d{1,15}$/.test(announced) ? Number(announced) : CHUNKED
}

const countHop = (headers: HeaderList, host: string): void => {
  const before = headers.getLower(HOPS_FIELD) ?? '0'
  const hops = /^\d$/.test(before) ? Number(before) + 1 : MAX_HOPS + 1
  if (hops > MAX_HOPS) {
    throw new CallError(
      'ELOOP',
      `${host} is called for a call of a filter that was made for another one, ${MAX_HOPS} times over: a loop (${HOPS_FIELD})`,
    )
  }
  headers.setLower(HOPS_FIELD, String(hops))
}

const refuse = (message: string): CallError => new CallError('EINVAL', message)
