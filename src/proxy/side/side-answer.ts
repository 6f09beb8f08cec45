import { CallError } from '../../filter/env/calls.ts'
import type { ForwardedAnswer } from '../../filter/index.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { ExchangeOwner, OwnedExchange } from '../request/exchange-owner.ts'
import type { OutgoingHead, ResponseSink } from '../response/response-sink.ts'

/** What is under way, as far as its answer has to do with it. */
type Answered = Pick<OwnedExchange, 'onDownstreamDrain' | 'onDownstreamGone'>

interface Reader extends PromiseWithResolvers<IteratorResult<Uint8Array>> {}

/**
 * Stands where a client would, for a request that a filter has sent on: takes the answer and hands its body out piece by
 * piece. No more is kept than its sender has credit for.
 */
export class SideAnswer implements ExchangeOwner, ResponseSink {
  readonly answer: Promise<ForwardedAnswer>
  readonly isDraining = false
  readonly keepsAlive = false
  readonly #settle: Pick<PromiseWithResolvers<ForwardedAnswer>, 'resolve' | 'reject'>
  readonly #onOver: () => void
  readonly #record: Pick<ExchangeRecord, 'details' | 'flags'>
  readonly #pieces: Uint8Array[] = []
  #exchange: Answered | undefined
  #reader: Reader | undefined
  #isWhole = false
  #error: Error | undefined
  #isOver = false

  constructor(record: Pick<ExchangeRecord, 'details' | 'flags'>, onOver: () => void) {
    const { promise, ...settle } = Promise.withResolvers<ForwardedAnswer>()
    this.answer = promise
    this.#settle = settle
    this.#record = record
    this.#onOver = onOver
  }

  get sink(): ResponseSink {
    return this
  }

  /** Whose answer it is. */
  follow(exchange: Answered): void {
    this.#exchange = exchange
  }

  /** Nothing more of it is wanted; whoever waits for it is told `error`. */
  cut(error: Error): void {
    if (this.#isOver) return
    this.#fail(error)
    this.#exchange?.onDownstreamGone()
  }

  consume(): void {}

  onUpgraded(): void {}

  writeInformational(): void {}

  writeHead({ status, headers, bodyLength, isBodiless }: OutgoingHead): undefined {
    const { details, flags } = this.#record
    const length = isBodiless ? 0 : bodyLength < 0 ? undefined : bodyLength
    this.#settle.resolve({
      status,
      headers,
      length,
      body: { [Symbol.asyncIterator]: () => this.#read() },
      details,
      flags,
    })
  }

  writeBody(buffer: Buffer, start: number, end: number): boolean {
    // The memory is the connection's.
    return this.#push(new Uint8Array(buffer.subarray(start, end)))
  }

  writeText(text: string): boolean {
    return this.#push(Buffer.from(text, 'latin1'))
  }

  end(): boolean {
    this.#isWhole = true
    this.#reader?.resolve(END)
    this.#reader = undefined
    return this.#pieces.length === 0
  }

  onExchangeDone(): void {
    this.#finish()
  }

  abort(): void {
    this.#fail(new CallError('ECONNRESET', `the answer broke off: ${this.#record.details}`))
  }

  #push(bytes: Uint8Array): boolean {
    const reader = this.#reader
    this.#reader = undefined
    if (reader === undefined) this.#pieces.push(bytes)
    else reader.resolve({ done: false, value: bytes })
    return reader !== undefined
  }

  #read(): AsyncIterator<Uint8Array> {
    return {
      next: () => this.#next(),
      return: () => {
        this.#pieces.length = 0
        this.cut(new CallError('ECLOSED', 'the answer was not wanted any more'))
        return Promise.resolve(END)
      },
    }
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    const piece = this.#pieces.shift()
    if (piece !== undefined) {
      // More may come, or the last of it is out.
      if (this.#pieces.length === 0) this.#exchange?.onDownstreamDrain()
      return Promise.resolve({ done: false, value: piece })
    }
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.#isWhole) return Promise.resolve(END)
    this.#reader ??= Promise.withResolvers<IteratorResult<Uint8Array>>()
    return this.#reader.promise
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    this.#error = error
    this.#settle.reject(error)
    this.#reader?.reject(error)
    this.#reader = undefined
    this.#finish()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onOver()
  }
}

const END: IteratorResult<Uint8Array> = { done: true, value: undefined }
