/** Requests to an API server by means that no code under test has a part in. */
import { Agent, request as sendRequest } from 'node:https'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Json, JsonObject } from './stand-in/json.ts'
import { isObject } from './stand-in/json.ts'

export interface Asking {
  readonly body?: Json
  /** Default `application/json`. */
  readonly contentType?: string
  /** Default: that of `admin`; empty: none. */
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answered {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  /** An empty object for what is no JSON. */
  readonly body: JsonObject
  readonly text: string
}

/** A watch that runs; disposing of it hangs up. */
export interface RunningWatch extends Disposable {
  readonly code: number
  /** What came and was not taken yet, one by one; ends with the connection. */
  readonly next: () => Promise<JsonObject | undefined>
}

export interface Ask {
  (method: string, path: string, asking?: Asking): Promise<Answered>
  /** Like `ask`, and throws unless the answer is good; its body. Asks again while the server is busy with itself. */
  readonly good: (method: string, path: string, asking?: Asking) => Promise<JsonObject>
  /** Server-side apply, by force, as `test`. */
  readonly apply: (path: string, body: JsonObject) => Promise<JsonObject>
  readonly watch: (path: string, asking?: Asking) => Promise<RunningWatch>
  readonly close: () => void
}

export interface AskOptions {
  readonly url: string
  readonly caPem: string
  readonly token: string
}

const DEADLINE_MS = 30_000
const WHEN_BUSY_MS = 200

export const createAsk = (options: AskOptions): Ask => {
  const agent = new Agent({ keepAlive: true, ca: options.caPem })
  const send = (method: string, path: string, asking: Asking, signal?: AbortSignal): Promise<IncomingMessage> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const token = asking.token ?? options.token
    const text = asking.body === undefined ? undefined : JSON.stringify(asking.body)
    const headers = {
      accept: 'application/json',
      'user-agent': 'test/1',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined
        ? {}
        : { 'content-type': asking.contentType ?? 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...asking.headers,
    }
    const request = sendRequest(new URL(path, options.url), { agent, method, headers, signal })
    request.once('response', resolve)
    request.on('error', reject)
    request.end(text)
    return promise
  }
  const ask = async (method: string, path: string, asking: Asking = {}): Promise<Answered> => {
    const response = await send(method, path, asking, AbortSignal.timeout(DEADLINE_MS))
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
    return { code: response.statusCode ?? 0, headers: response.headers, body: parseObject(text), text }
  }
  const good = async (method: string, path: string, asking: Asking = {}): Promise<JsonObject> => {
    const { code, body, text } = await ask(method, path, asking)
    if (code === 429) {
      await delay(WHEN_BUSY_MS)
      return good(method, path, asking)
    }
    if (code >= 300) throw new Error(`${method} ${path}: ${code} ${text}`)
    return body
  }
  return Object.assign(ask, {
    good,
    apply: (path: string, body: JsonObject) => {
      const contentType = 'application/apply-patch+yaml'
      return good('PATCH', `${path}?fieldManager=test&force=true`, { body, contentType })
    },
    watch: async (path: string, asking: Asking = {}) => {
      const hangUp = new AbortController()
      const response = await send('GET', path, asking, hangUp.signal)
      return runningWatch(response, () => hangUp.abort())
    },
    close: () => agent.destroy(),
  })
}

const runningWatch = (response: IncomingMessage, hangUp: () => void): RunningWatch => {
  const lines = createInterface({ input: response })[Symbol.asyncIterator]()
  response.on('error', () => {})
  return {
    code: response.statusCode ?? 0,
    next: async () => {
      const { promise: late, reject } = Promise.withResolvers<never>()
      const timer = setTimeout(() => reject(new Error(`no event within ${DEADLINE_MS} ms`)), DEADLINE_MS)
      const line = await Promise.race([lines.next(), late]).finally(() => clearTimeout(timer))
      return line.done === true ? undefined : parseObject(line.value)
    },
    [Symbol.dispose]: hangUp,
  }
}

const parseObject = (text: string): JsonObject => {
  try {
    // What JSON.parse gives is what Json describes.
    const value = JSON.parse(text) as Json
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
