import { Readable } from 'node:stream'
import { CallError } from '../../filter/env/calls.ts'
import { CHUNKED } from '../../http/h1/message.ts'
import { bytesOf, type CallBody } from './request-of.ts'

/** Where the bytes of a body go. */
export interface PumpSink {
  /** False when they are held until `onPassed`. */
  readonly send: (bytes: Buffer) => boolean
  readonly end: () => void
  readonly fail: (error: Error) => void
}

/** Sends a body on as it comes, and asks for more when what it has sent is on its way. */
export class BodyPump {
  readonly #body: CallBody
  readonly #length: number
  readonly #sink: PumpSink
  #held = 0
  #sent = 0
  #onPassed: (() => void) | undefined
  #isStopped = false

  /** `length` is what was announced, or `CHUNKED`. */
  constructor(body: CallBody, length: number, sink: PumpSink) {
    this.#body = body
    this.#length = length
    this.#sink = sink
  }

  start(): void {
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

  /** The call is over: what there is left of the body is not asked for. */
  stop(): void {
    this.#isStopped = true
    this.#goOn()
    // A Node stream that nobody reads on would keep whatever it stands on.
    if (this.#body instanceof Readable) this.#body.destroy()
  }

  async #run(body: Exclude<CallBody, Buffer>): Promise<void> {
    try {
      for await (const piece of body) {
        if (this.#isStopped) return
        this.#send(bytesOf(piece))
        if (this.#held > 0) await new Promise<void>((resolve) => (this.#onPassed = resolve))
        if (this.#isStopped) return
      }
      if (this.#length !== CHUNKED && this.#sent < this.#length) throw this.#wrongLength('only')
      this.#sink.end()
    } catch (error) {
      if (!this.#isStopped) this.#sink.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #send(bytes: Buffer): void {
    this.#sent += bytes.length
    if (this.#length !== CHUNKED && this.#sent > this.#length) throw this.#wrongLength('at least')
    if (bytes.length === 0) return
    this.#held += bytes.length
    if (this.#sink.send(bytes)) this.#held -= bytes.length
  }

  #goOn(): void {
    const go = this.#onPassed
    this.#onPassed = undefined
    go?.()
  }

  #wrongLength(how: string): CallError {
    return new CallError('EINVAL', `content-length says ${this.#length} bytes, and the body has ${how} ${this.#sent}`)
  }
}
