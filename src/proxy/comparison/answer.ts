import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { GrowingBytes } from '../../filter/body/growing-bytes.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { H1ResponseHead } from '../../http/h1/message.ts'
import type { SpareMemory } from '../forward/spare-memory.ts'

/** What an answer is kept for, and how much of it. */
export interface AnswerWish {
  readonly headers: readonly string[]
  readonly wantsBody: boolean
  readonly limitBytes: number
}

/** What of a body is there when all of it has come. */
export type AnswerBody =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly coding: string; readonly isJson: boolean }
  | { readonly kind: 'digest'; readonly digest: string; readonly lengthBytes: number }
  /** Nobody wants it. */
  | { readonly kind: 'none' }

/** A whole answer, as far as it is compared. */
export interface Answer {
  readonly status: number
  /** In the order of the wish; `undefined` for one that is not there. */
  readonly headers: readonly (string | undefined)[]
  /** Where there is one, in the head or the trailers. */
  readonly grpcStatus: string | undefined
  readonly body: AnswerBody
}

/** What came of an answer: it is there, it never was, or there was no room for it. */
export type AnswerOutcome =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'too-large' }

/** Of a longer body a digest is made of its beginning, and of its length: bytes cost time, and nobody waits for these. */
const DIGEST_BYTES = 1024 * 1024

const JSON_TYPE = /^(?:application|text)\/(?:[\w.!#$&^-]+\+)?json\s*(?:;|$)/i

/** Takes an answer in as it passes, bounded by its wish and the memory that there is. */
export class AnswerTap {
  readonly #wish: AnswerWish
  readonly #memory: SpareMemory
  readonly #onSettled: () => void
  #head: Omit<Answer, 'body'> | undefined
  #kept: { readonly bytes: GrowingBytes; readonly coding: string; readonly isJson: boolean } | undefined
  #hash: Hash | undefined
  #lengthBytes = 0
  #takenBytes = 0
  #isTooLarge = false
  outcome: AnswerOutcome | undefined

  constructor(wish: AnswerWish, memory: SpareMemory, onSettled: () => void) {
    this.#wish = wish
    this.#memory = memory
    this.#onSettled = onSettled
  }

  onResponse({ status, headers }: H1ResponseHead): void {
    this.#head = {
      status,
      headers: this.#wish.headers.map((name) => headers.getLower(name)),
      grpcStatus: headers.getLower('grpc-status'),
    }
    if (!this.#wish.wantsBody) return
    const isJson = JSON_TYPE.test(headers.getLower('content-type') ?? '')
    const coding = headers.getLower('content-encoding')?.trim().toLowerCase() || 'identity'
    if (isJson || coding !== 'identity') this.#kept = { bytes: new GrowingBytes(), coding, isJson }
    else this.#hash = createHash('sha256')
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    if (this.outcome !== undefined) return
    const room = DIGEST_BYTES - this.#lengthBytes
    if (room > 0) this.#hash?.update(buffer.subarray(start, Math.min(end, start + room)))
    this.#lengthBytes += end - start
    if (this.#kept === undefined || this.#isTooLarge) return
    this.#takenBytes += end - start
    if (!this.#memory.take(end - start) || this.#lengthBytes > this.#wish.limitBytes) {
      this.#isTooLarge = true
      this.#kept = undefined
      return this.release()
    }
    this.#kept.bytes.add(buffer.subarray(start, end))
  }

  onEnd(trailers: HeaderList | undefined): void {
    const head = this.#head
    if (head === undefined) return this.lose()
    const grpcStatus = trailers?.getLower('grpc-status') ?? head.grpcStatus
    if (this.#isTooLarge) this.#settle({ kind: 'too-large' })
    else this.#settle({ kind: 'answered', answer: { ...head, grpcStatus, body: this.#takeBody() } })
  }

  /** There will be no whole answer. */
  lose(): void {
    this.#settle({ kind: 'unanswered' })
  }

  /** What was kept is needed no more. */
  release(): void {
    this.#memory.give(this.#takenBytes)
    this.#takenBytes = 0
  }

  #takeBody(): AnswerBody {
    if (this.#kept !== undefined) return { kind: 'bytes', ...this.#kept, bytes: this.#kept.bytes.take() }
    if (this.#hash === undefined) return { kind: 'none' }
    return { kind: 'digest', digest: this.#hash.digest('hex'), lengthBytes: this.#lengthBytes }
  }

  #settle(outcome: AnswerOutcome): void {
    if (this.outcome !== undefined) return
    this.outcome = outcome
    this.#kept = undefined
    this.#onSettled()
  }
}
