import { BodyPipe } from '../../filter/body/body-pipe.ts'
import { changesBody, givesWhole } from '../../filter/body/body-stage.ts'
import type { HeaderList } from '../../http/header-list.ts'
import { CHUNKED } from '../../http/h1/message.ts'
import type { TransformOrder } from './body-plan.ts'

/** The way that a message goes on. */
export interface MessageWay {
  /** Its head goes out, for a body of that length; may end it all. */
  readonly begin: (bodyLength: number) => void
  /** False when it is held: `onPassed` follows. */
  readonly push: (buffer: Buffer, start: number, end: number) => boolean
  readonly end: (trailers: HeaderList | undefined) => void
  /** So many bytes that came in, and were held, are done with. */
  readonly consume: (bytes: number) => void
}

/**
 * The body of a request or a response that filters change. What was said of its length is not true any more: the head goes
 * out at once, for a body whose length nobody knows, or with the whole of the body if any of them wants that.
 */
export class TransformedBody {
  readonly #pipe: BodyPipe
  readonly #way: MessageWay
  readonly #isChanged: boolean
  readonly #isWhole: boolean
  #whole: Buffer | undefined
  #isCancelled = false
  /** All of it has gone on. */
  isThrough = false

  constructor({ plan, faults }: TransformOrder, way: MessageWay) {
    const isWhole = givesWhole(plan.stages)
    this.#way = way
    this.#isChanged = changesBody(plan.stages)
    this.#isWhole = isWhole
    this.#pipe = new BodyPipe(plan, {
      ...faults,
      onBytes: (buffer, start, end) => (isWhole ? this.#keep(buffer, start, end) : way.push(buffer, start, end)),
      onCredit: way.consume,
      onEnd: (trailers) => this.#end(trailers),
    })
  }

  /** To be called first; `bodyLength` as the head that came has it. */
  begin(bodyLength: number): void {
    if (!this.#isWhole) this.#way.begin(this.#isChanged ? CHUNKED : bodyLength)
  }

  /** More of it has come; false when it is held. */
  push(buffer: Buffer, start: number, end: number): boolean {
    return this.#pipe.push(buffer, start, end)
  }

  /** All of it has come. */
  end(trailers: HeaderList | undefined): void {
    this.#pipe.end(trailers)
  }

  /** What went on and was held has been taken. */
  onPassed(bytes: number): void {
    this.#pipe.onPassed(bytes)
  }

  /** Nothing more of it is wanted; how many bytes that came in were held. */
  cancel(): number {
    this.#isCancelled = true
    return this.#pipe.cancel()
  }

  /** The kind of the filter that it waits for. */
  get waitsFor(): string | undefined {
    return this.#pipe.waitsFor
  }

  /** The head has to wait for the rest. */
  get isGathering(): boolean {
    return this.#isWhole && !this.isThrough
  }

  #keep(buffer: Buffer, start: number, end: number): boolean {
    this.#whole = buffer.subarray(start, end)
    return false
  }

  #end(trailers: HeaderList | undefined): void {
    this.isThrough = true
    if (this.#isWhole) {
      const whole = this.#whole
      this.#whole = undefined
      const length = whole?.length ?? 0
      // Behind a body of no bytes there would be no place for trailers.
      this.#way.begin(length === 0 && trailers !== undefined ? CHUNKED : length)
      if (this.#isCancelled) return
      if (whole !== undefined && this.#way.push(whole, 0, length)) this.#pipe.onPassed(length)
    }
    this.#way.end(trailers)
  }
}
