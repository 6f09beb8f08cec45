import { CallError } from '../../../filter/env/calls.ts'
import type { Exchange, ForwardedAnswer, ForwardRest } from '../../../filter/index.ts'
import { HeaderList } from '../../../http/header-list.ts'
import type { FromThread, ToThread } from './messages.ts'

type Message = Extract<ToThread, { readonly kind: 'forwarded' | 'forward-piece' | 'forward-error' }>

/** `env.forward` in a thread; `numberOf` is what the process calls an exchange. */
export const createThreadForward = (
  numberOf: (exchange: Exchange) => number | undefined,
  post: (message: FromThread) => void,
): { readonly forward: ForwardRest; readonly receive: (message: Message) => void } => {
  const open = new Map<number, ThreadAnswer>()
  let lastId = 0
  return {
    // All of it is sent before it returns: what the hook does next is told behind it.
    forward: async (exchange, { change, timeoutMs } = {}) => {
      const number = numberOf(exchange)
      if (number === undefined) throw new CallError('EINVAL', 'what is sent on is no exchange of a hook')
      const { request } = exchange
      const headers = new HeaderList([...request.headers.fields])
      const copy = { ...request, headers }
      change?.(copy)
      const { authority, path, query, token } = copy
      const id = ++lastId
      const answer = new ThreadAnswer({ tell: (kind) => post({ kind, id }), onOver: () => open.delete(id) })
      open.set(id, answer)
      const parts = { authority, path, query, token, fields: headers.fields }
      post({ kind: 'forward', id, exchange: number, request: parts, timeoutMs })
      return answer.head.promise
    },
    receive: (message) => open.get(message.id)?.receive(message),
  }
}

interface AnswerUser {
  readonly tell: (kind: 'forward-read' | 'forward-leave') => void
  readonly onOver: () => void
}

/** What comes back, piece by piece. */
class ThreadAnswer {
  readonly head = Promise.withResolvers<ForwardedAnswer>()
  readonly #user: AnswerUser
  /** What has come, and nobody has read yet. */
  readonly #pieces: Uint8Array[] = []
  #reader: PromiseWithResolvers<IteratorResult<Uint8Array>> | undefined
  #error: CallError | undefined
  #isOver = false

  constructor(user: AnswerUser) {
    this.#user = user
  }

  receive(message: Message): void {
    switch (message.kind) {
      case 'forwarded': {
        const { status, fields, length, details, flags } = message
        const body = { [Symbol.asyncIterator]: () => this.#read() }
        return this.head.resolve({ status, headers: new HeaderList([...fields]), length, details, flags, body })
      }
      case 'forward-piece':
        if (message.bytes === undefined) return this.#end()
        this.#pieces.push(message.bytes)
        return this.#give((reader) => reader.resolve(this.#take()))
      case 'forward-error': {
        const error = new CallError(message.code, message.message)
        this.#error = error
        this.#finish()
        this.head.reject(error)
        return this.#give((reader) => reader.reject(error))
      }
    }
  }

  #read(): AsyncIterator<Uint8Array> {
    return {
      next: () => this.#next(),
      return: () => {
        if (!this.#isOver) this.#user.tell('forward-leave')
        this.#pieces.length = 0
        this.#finish()
        this.#give((reader) => reader.resolve(END))
        return Promise.resolve(END)
      },
    }
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#pieces.length > 0) return Promise.resolve(this.#take())
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.#isOver) return Promise.resolve(END)
    this.#reader ??= Promise.withResolvers<IteratorResult<Uint8Array>>()
    return this.#reader.promise
  }

  /** Who sends may send another one. */
  #take(): IteratorResult<Uint8Array> {
    const value = this.#pieces.shift()
    if (!this.#isOver) this.#user.tell('forward-read')
    return value === undefined ? END : { done: false, value }
  }

  #end(): void {
    this.#finish()
    this.#give((reader) => reader.resolve(END))
  }

  #give(settle: (reader: PromiseWithResolvers<IteratorResult<Uint8Array>>) => void): void {
    const reader = this.#reader
    this.#reader = undefined
    if (reader !== undefined) settle(reader)
  }

  #finish(): void {
    this.#isOver = true
    this.#user.onOver()
  }
}

const END: IteratorResult<Uint8Array> = { done: true, value: undefined }
