import { CallError } from '../../../filter/env/calls.ts'
import type { Exchange, ForwardedAnswer, ForwardRest } from '../../../filter/index.ts'
import type { Clock } from '../../../lib/clock.ts'
import { thrownMessage } from '../../../lib/errors/thrown-text.ts'
import { DEFAULT_MS } from '../../side/send-behind.ts'
import type { FromThread, ToThread } from './messages.ts'

export interface ForwardLinkParts {
  readonly forward: ForwardRest
  /** The exchange of that number, as long as a hook of the thread is waited for with it. */
  readonly exchangeOf: (number: number) => Exchange | undefined
  readonly after: Clock['after']
}

type Message = Extract<FromThread, { readonly kind: 'forward' | 'forward-read' | 'forward-leave' }>
type Order = Extract<Message, { readonly kind: 'forward' }>

/** Pieces that go over before they are asked for: most answers have one, and their end. */
export const READ_AHEAD = 2

/** The process' side of `env.forward` in a thread: an answer goes over piece by piece, each when it is asked for. */
export const linkForward = (
  { forward, exchangeOf, after }: ForwardLinkParts,
  post: (message: ToThread) => void,
): { readonly receive: (message: Message) => void; readonly close: () => void } => {
  const answers = new Map<number, AnswerOver>()
  const tell = (id: number, error: unknown): void => {
    const code = error instanceof CallError ? error.code : 'EPROTOCOL'
    post({ kind: 'forward-error', id, code, message: thrownMessage(error) })
  }
  const begin = async ({ id, exchange: number, request, timeoutMs }: Order): Promise<void> => {
    const over = new AnswerOver({
      post: (bytes) => post({ kind: 'forward-piece', id, bytes }),
      onError: (error) => tell(id, error),
      onOver: () => answers.delete(id),
    })
    answers.set(id, over)
    try {
      const exchange = exchangeOf(number)
      if (exchange === undefined)
        throw new CallError('ECLOSED', 'no hook of the filter is waited for with the exchange')
      // What this does at once it does with the exchange as it is now.
      const answer = await forward(exchange, {
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        change: (copy) => {
          const { fields, ...parts } = request
          Object.assign(copy, parts)
          copy.headers.replaceFields(fields)
        },
      })
      if (over.isOver) return over.drop(answer)
      const ms = timeoutMs ?? DEFAULT_MS
      // One that nobody reads is cut by its sender about then, and would be remembered.
      over.cancel = after(ms, () => over.fail(new CallError('ETIMEDOUT', `no whole answer within ${ms} ms`)))
      const { status, headers, length, details, flags } = answer
      post({ kind: 'forwarded', id, status, fields: headers.fields, length, details, flags })
      await over.pass(answer)
    } catch (error) {
      over.fail(error)
    }
  }
  return {
    receive: (message) => {
      switch (message.kind) {
        case 'forward':
          return void begin(message)
        case 'forward-read':
          return answers.get(message.id)?.onRead()
        case 'forward-leave':
          return answers.get(message.id)?.leave()
      }
    },
    close: () => {
      for (const over of answers.values()) over.leave()
    },
  }
}

interface AnswerUser {
  /** Nothing: that was all. */
  readonly post: (bytes: Uint8Array | undefined) => void
  readonly onError: (error: unknown) => void
  readonly onOver: () => void
}

/** An answer on its way over, from the order to its last byte. */
class AnswerOver {
  isOver = false
  cancel = (): void => {}
  readonly #user: AnswerUser
  #body: AsyncIterator<Uint8Array, unknown> | undefined
  #credit = READ_AHEAD
  #onCredit: (() => void) | undefined

  constructor(user: AnswerUser) {
    this.#user = user
  }

  async pass({ body }: Pick<ForwardedAnswer, 'body'>): Promise<void> {
    const pieces: AsyncIterator<Uint8Array, unknown> = body[Symbol.asyncIterator]()
    this.#body = pieces
    for (;;) {
      if (this.#credit === 0) await new Promise<void>((resolve) => (this.#onCredit = resolve))
      if (this.isOver) return
      this.#credit--
      const { done, value } = await pieces.next()
      if (this.isOver) return
      if (done === true) this.#finish()
      // Of its own memory: a view would take all along that it lies in.
      this.#user.post(done === true ? undefined : new Uint8Array(value))
      if (done === true) return
    }
  }

  /** The other side has taken one. */
  onRead(): void {
    this.#credit++
    this.#onCredit?.()
  }

  fail(error: unknown): void {
    if (this.isOver) return
    this.leave()
    this.#user.onError(error)
  }

  /** Nobody wants any more of it. */
  leave(): void {
    this.#finish()
    void this.#body?.return?.()
    this.#onCredit?.()
  }

  /** It has come too late. */
  drop({ body }: Pick<ForwardedAnswer, 'body'>): void {
    void body[Symbol.asyncIterator]().return?.()
  }

  #finish(): void {
    this.isOver = true
    this.cancel()
    this.#user.onOver()
  }
}
