import { Writable } from 'node:stream'
import { HeaderList } from '../../http/header-list.ts'
import type { AppRequest } from './app-request.ts'
import type { AppSocket } from './app-socket.ts'

/** What a field may be set to. */
type FieldValue = string | number | string[]
type Callback = (error?: Error | null) => void

/** A response as Fastify and its plugins know one: what of `http.ServerResponse` they use. */
export class AppResponse extends Writable {
  readonly req: AppRequest
  statusCode = 200
  statusMessage = ''
  headersSent = false
  sendDate = false
  strictContentLength = false
  readonly #fields = new Map<string, FieldValue>()
  #trailers: HeaderList | undefined
  /** Goes on with what is to be written when the client has taken what was. */
  #resume: Callback | undefined
  /** The head has been handed over. */
  #hasResponded = false
  /** Nobody wants any more of it. */
  #isOver = false

  constructor(req: AppRequest) {
    super({ emitClose: true })
    this.req = req
  }

  get socket(): AppSocket {
    return this.req.socket
  }

  get connection(): AppSocket {
    return this.req.socket
  }

  get finished(): boolean {
    return this.writableEnded
  }

  setHeader(name: string, value: FieldValue): this {
    if (this.headersSent) throw lateError(`set the header ${name}`)
    this.#fields.set(name.toLowerCase(), toField(name, value))
    return this
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    const known = this.getHeader(name)
    const before = known === undefined ? [] : typeof known === 'object' ? known : [String(known)]
    return this.setHeader(name, [...before, ...(typeof value === 'string' ? [value] : value)])
  }

  setHeaders(headers: Headers | ReadonlyMap<string, FieldValue>): this {
    for (const [name, value] of headers) this.setHeader(name, value)
    return this
  }

  getHeader(name: string): FieldValue | undefined {
    return this.#fields.get(name.toLowerCase())
  }

  getHeaders(): Record<string, FieldValue> {
    return Object.fromEntries(this.#fields)
  }

  getHeaderNames(): string[] {
    return [...this.#fields.keys()]
  }

  hasHeader(name: string): boolean {
    return this.#fields.has(name.toLowerCase())
  }

  removeHeader(name: string): void {
    if (this.headersSent) throw lateError(`remove the header ${name}`)
    this.#fields.delete(name.toLowerCase())
  }

  addTrailers(trailers: Readonly<Record<string, string>>): void {
    const list = (this.#trailers ??= new HeaderList())
    for (const [name, value] of Object.entries(trailers)) list.add(name, value)
  }

  writeHead(status: number, ...rest: readonly unknown[]): this {
    if (this.headersSent) throw lateError('write the head')
    const fields = rest.at(-1)
    this.statusCode = status
    if (Array.isArray(fields)) this.#addPairs(fields)
    else if (typeof fields === 'object' && fields !== null) {
      // As `http.ServerResponse` takes them: what is left out says nothing.
      for (const [name, value] of Object.entries(fields as Readonly<Record<string, FieldValue | undefined>>))
        if (value !== undefined) this.setHeader(name, value)
    }
    // Fastify writes the head and all of the body in two calls: the head goes out with what follows.
    this.headersSent = true
    return this
  }

  flushHeaders(): void {
    this.headersSent = true
    this.#respond()
  }

  /** There are no informational answers: the head follows. */
  writeContinue(): void {}
  writeProcessing(): void {}
  writeEarlyHints(_hints: unknown, callback?: () => void): void {
    callback?.()
  }

  setTimeout(): this {
    return this
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    // As with a socket that is gone: nobody is there to be told.
    if (this.#isOver) return callback()
    this.#respond()
    if (this.req.serving.write(chunk)) callback()
    else this.#resume = callback
  }

  override _final(callback: Callback): void {
    if (this.#isOver) return callback()
    const hasNoLength = !this.#hasResponded && !this.#fields.has('content-length')
    // Of those the length would be another answer's.
    const isBodiless = this.req.method === 'HEAD' || this.statusCode === 204 || this.statusCode === 304
    if (hasNoLength && !isBodiless) this.#fields.set('content-length', 0)
    this.#respond()
    this.req.serving.end(this.#trailers)
    callback()
  }

  override _destroy(error: Error | null, callback: Callback): void {
    if (!this.#isOver && !this.writableFinished)
      this.req.serving.fail(error ?? new Error('the answer was destroyed before its end'))
    callback(null)
  }

  /** The client has taken what was written. */
  drain(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  /** The answer is over; not whole: the client is gone, or has got another one. */
  over(isWhole: boolean): void {
    this.#isOver = true
    this.#resume = undefined
    if (!isWhole) this.destroy()
  }

  #respond(): void {
    if (this.#hasResponded) return
    this.#hasResponded = true
    this.headersSent = true
    const headers = new HeaderList()
    for (const [name, value] of this.#fields) {
      // Plugins pass what has a text as well, as Node lets them.
      if (Array.isArray(value)) for (const one of value.map(String)) headers.fields.push(name, one)
      else headers.fields.push(name, `${value}`)
    }
    this.req.serving.respond(this.statusCode, headers, lengthOf(this.#fields.get('content-length')))
  }

  #addPairs(pairs: readonly unknown[]): void {
    const flat = Array.isArray(pairs[0]) ? pairs.flat() : pairs
    for (let i = 0; i + 1 < flat.length; i += 2) this.appendHeader(String(flat[i]), String(flat[i + 1]))
  }
}

/** What plugins set, as `node:http` would write it: their types promise more than they keep. */
const toField = (name: string, value: unknown): FieldValue => {
  if (value === undefined)
    throw Object.assign(new TypeError(`the header ${name} has no value`), { code: 'ERR_HTTP_INVALID_HEADER_VALUE' })
  if (typeof value === 'number') return value
  // oxlint-disable-next-line typescript/no-base-to-string -- objects are written so by `node:http` too
  return Array.isArray(value) ? value.map(String) : String(value)
}

const lengthOf = (value: FieldValue | undefined): number | undefined => {
  if (value === undefined) return undefined
  const length = Number(value)
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined
}

const lateError = (what: string): Error =>
  Object.assign(new Error(`cannot ${what} after the head of the answer is out`), { code: 'ERR_HTTP_HEADERS_SENT' })
