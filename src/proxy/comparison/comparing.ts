import type { ForwardUser } from '../forward/forward-plan.ts'
import type { SpareMemory } from '../forward/spare-memory.ts'
import { AnswerTap, type AnswerWish } from './answer.ts'

/** Whom the answers of a request are told to when all have come, or will not. */
export interface ComparingUser {
  readonly onSettled: (comparing: Comparing) => void
}

/** A request as far as people are told of it. */
export interface ComparedRequest {
  readonly method: string
  readonly path: string
}

/** One request whose answers are waited for: that of the primary, that of the mirror, and with luck a second one of the primary. */
export class Comparing {
  readonly request: ComparedRequest
  readonly primary: AnswerTap
  readonly mirror: AnswerTap
  /** There when the primary is to be asked twice. */
  readonly repeat: AnswerTap | undefined
  /** The request was given up, so that what came of it says nothing of the mirror. */
  isVoid = false
  readonly #user: ComparingUser
  #isSettled = false

  constructor(
    request: ComparedRequest,
    options: { readonly wish: AnswerWish; readonly repeats: boolean; readonly memory: SpareMemory },
    user: ComparingUser,
  ) {
    const { wish, repeats, memory } = options
    const createTap = (): AnswerTap => new AnswerTap(wish, memory, () => this.#settle())
    this.request = request
    this.#user = user
    this.primary = createTap()
    this.mirror = createTap()
    this.repeat = repeats ? createTap() : undefined
  }

  /** Sees what `user` is told of the primary's answer, and leaves it as it is. */
  watch(user: ForwardUser): ForwardUser {
    const { primary } = this
    return {
      onInformational: (head) => user.onInformational(head),
      onResponse: (head) => {
        primary.onResponse(head)
        user.onResponse(head)
      },
      onBody: (buffer, start, end) => {
        primary.onBody(buffer, start, end)
        return user.onBody(buffer, start, end)
      },
      onEnd: (trailers) => {
        primary.onEnd(trailers)
        user.onEnd(trailers)
      },
      onFailure: (failure) => {
        this.cancel()
        user.onFailure(failure)
      },
      onRequestBytesPassed: (bytes) => user.onRequestBytesPassed(bytes),
    }
  }

  /** There is nothing to compare with: no answer of the primary, or copies that are not whole. */
  cancel(): void {
    if (this.#isSettled) return
    this.isVoid = true
    this.primary.lose()
    this.mirror.lose()
    this.repeat?.lose()
  }

  /** Whoever has not answered by now will not have. */
  expire(): void {
    if (this.primary.outcome === undefined) return this.cancel()
    this.mirror.lose()
    this.repeat?.lose()
  }

  /** What was kept is needed no more. */
  release(): void {
    this.primary.release()
    this.mirror.release()
    this.repeat?.release()
  }

  #settle(): void {
    const isWaiting = [this.primary, this.mirror, this.repeat].some(
      (tap) => tap !== undefined && tap.outcome === undefined,
    )
    if (isWaiting || this.#isSettled) return
    this.#isSettled = true
    this.#user.onSettled(this)
  }
}
