import { HeaderList } from '../../http/header-list.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import type { HeldBytes } from '../held-bytes.ts'
import type { SpareMemory } from './spare-memory.ts'

/** The beginning of a request's body, which goes to the backend all the same. */
export type BodyView =
  | { readonly kind: 'whole' | 'partial'; readonly bytes: Buffer }
  /** Longer than was asked for. */
  | { readonly kind: 'too-large' }
  /** There is no memory to keep it in. */
  | { readonly kind: 'no-room' }

/** How much of the body somebody wants to see. */
export interface BodyWish {
  readonly maxBytes: number
  readonly allowsPartial: boolean
  /** Called once, maybe at once; never when the exchange has gone another way. */
  readonly onBody: (body: BodyView) => void
}

/** What a client is told that waits with its body for leave to send it (`expect: 100-continue`). */
export const goOn = (): H1ResponseHead => ({
  status: 100,
  reason: 'Continue',
  minorVersion: 1,
  headers: new HeaderList(),
  bodyLength: 0,
  keepAlive: true,
})

/**
 * Shows the body of a request before it goes out. Nobody consumes it meanwhile, so that more than a window of it would
 * never come: the client gets credit in advance, which the credit of later is set against.
 */
export class BodyReader {
  readonly #held: HeldBytes
  readonly #memory: SpareMemory
  readonly #consume: (bytes: number) => void
  #wish: BodyWish | undefined
  #advanceBytes = 0

  /** `held` is what has come and waits; `consume` gives the client credit. */
  constructor(held: HeldBytes, memory: SpareMemory, consume: (bytes: number) => void) {
    this.#held = held
    this.#memory = memory
    this.#consume = consume
  }

  /** Somebody waits for more of it. */
  get isWaiting(): boolean {
    return this.#wish !== undefined
  }

  begin(wish: BodyWish): void {
    this.#wish = wish
  }

  /** To be called when more has come, or all of it. */
  look(isWhole: boolean): void {
    const wish = this.#wish
    if (wish === undefined) return
    const { bytes } = this.#held
    const { maxBytes, allowsPartial } = wish
    if (!isWhole && (allowsPartial ? bytes < maxBytes : bytes <= maxBytes)) return this.#advance(bytes)
    if (bytes > maxBytes && !allowsPartial) return this.#answer({ kind: 'too-large' })
    const isCut = bytes > maxBytes || !isWhole
    this.#answer({ kind: isCut ? 'partial' : 'whole', bytes: this.#held.copy(maxBytes) })
  }

  /** Of bytes that are passed on now, how many the client has had no credit for. */
  withoutAdvance(bytes: number): number {
    const known = Math.min(bytes, this.#advanceBytes)
    this.#advanceBytes -= known
    this.#memory.give(known)
    return bytes - known
  }

  /** Nobody wants to see it any more. */
  cancel(): void {
    this.#wish = undefined
  }

  #advance(heldBytes: number): void {
    const bytes = heldBytes - this.#advanceBytes
    if (bytes === 0) return
    const hasRoom = this.#memory.take(bytes)
    this.#advanceBytes += bytes
    this.#consume(bytes)
    if (!hasRoom) this.#answer({ kind: 'no-room' })
  }

  #answer(body: BodyView): void {
    const wish = this.#wish
    this.#wish = undefined
    wish?.onBody(body)
  }
}
