import { Readable } from 'node:stream'
import { CHUNKED } from '../../http/h1/message.ts'

/** The pieces of a body: all of it, or as they come. */
export type PumpedBody = Buffer | AsyncIterable<unknown> | Iterable<unknown>

type PieceIterator = AsyncIterator<unknown> | Iterator<unknown>

/** Where the bytes of a body go. */
export interface PumpSink {
  /** False when they are held until `onPassed`. */
  readonly send: (bytes: Buffer) => boolean
  readonly end: () => void
  readonly fail: (error: Error) => void
}

/** What is known of a body beforehand. */
export interface PumpPlan {
  /** What was announced, or `CHUNKED`. */
  readonly length: number
  /** Makes what `fail` gets for a body that is none, or not of that length. */
  readonly refuse: (message: string) => Error
}

/** Sends a body on as it comes, and asks for more when what it has sent is on its way. */
export class BodyPump {
  readonly #body: PumpedBody
  readonly #plan: PumpPlan
  readonly #sink: PumpSink
  #held = 0
  #sent = 0
  #onPassed: (() => void) | undefined
  #iterator: PieceIterator | undefined
  #isOver = false
  #isStopped = false

  constructor(body: PumpedBody, plan: PumpPlan, sink: PumpSink) {
    this.#body = body
    this.#plan = plan
    this.#sink = sink
  }

  start(): void {
    if (this.#isStopped) return
    if (Buffer.isBuffer(this.#body)) {
      this.#send(this.#body)
      this.#sink.end()
    } else void this.#run(this.#body)
  }

  /** Held bytes are on their way. */
  onPassed(bytes: number): void {
    this.#held -= bytes
    if (this.#held <= 0) this.#goOn()
  }

  /** What there is left of the body is not asked for. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#goOn()
    const body = this.#body
    // A Node stream that nobody reads on would keep whatever it stands on.
    if (body instanceof Readable) body.destroy()
    else if (!Buffer.isBuffer(body)) void this.#leave(body)
  }

  async #run(body: Exclude<PumpedBody, Buffer>): Promise<void> {
    const { length } = this.#plan
    try {
      const iterator = this.#begin(body)
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        if (this.#isStopped) return
        this.#send(bytesOf(next.value, this.#plan.refuse))
        if (this.#held > 0) await new Promise<void>((resolve) => (this.#onPassed = resolve))
        if (this.#isStopped) return
      }
      if (this.#isStopped) return
      if (length !== CHUNKED && this.#sent < length) throw this.#wrongLength('only')
      this.#isOver = true
      this.#sink.end()
    } catch (error) {
      if (this.#isStopped) return
      this.stop()
      this.#sink.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #begin(body: Exclude<PumpedBody, Buffer>): PieceIterator {
    this.#iterator ??= Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
    return this.#iterator
  }

  /** Tells whoever makes the body, also of one that was never begun. */
  async #leave(body: Exclude<PumpedBody, Buffer>): Promise<void> {
    if (this.#isOver) return
    try {
      await this.#begin(body).return?.()
    } catch {
      // Nobody is left to be told.
    }
  }

  #send(bytes: Buffer): void {
    const { length } = this.#plan
    this.#sent += bytes.length
    if (length !== CHUNKED && this.#sent > length) throw this.#wrongLength('at least')
    if (bytes.length === 0) return
    this.#held += bytes.length
    if (this.#sink.send(bytes)) this.#held -= bytes.length
  }

  #goOn(): void {
    const go = this.#onPassed
    this.#onPassed = undefined
    go?.()
  }

  #wrongLength(how: string): Error {
    const { length, refuse } = this.#plan
    return refuse(`content-length says ${length} bytes, and the body has ${how} ${this.#sent}`)
  }
}

/** One piece of a body. */
export const bytesOf = (piece: unknown, refuse: (message: string) => Error): Buffer => {
  if (typeof piece === 'string') return Buffer.from(piece)
  if (Buffer.isBuffer(piece)) return piece
  if (ArrayBuffer.isView(piece)) return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
  if (piece instanceof ArrayBuffer) return Buffer.from(piece)
  throw refuse(`a body of ${typeof piece}: its pieces are text or bytes`)
}
