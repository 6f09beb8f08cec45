import { MAX_TOLD_CHARS, type Siblings, type SiblingUser } from '../../filter/env/siblings.ts'
import type { OpenSiblings } from '../../proxy/filter-calls/lend-env.ts'
import type { FromWorker, ToWorker } from './messages.ts'

/** Texts of one filter that have not left the process: whoever does not wait for them fills its memory. */
const MAX_TELLING = 100

/** What a link needs of its worker. */
export interface SiblingLinkDeps {
  /** How many workers there are. */
  readonly count: number
  /** `onSent` is called when it has left the process. */
  readonly send: (message: FromWorker, onSent: () => void) => void
}

/** The worker's end of what `SiblingHub` carries. */
export class SiblingLink {
  readonly #deps: SiblingLinkDeps
  readonly #users = new Map<string, SiblingUser>()

  constructor(deps: SiblingLinkDeps) {
    this.#deps = deps
  }

  readonly open: OpenSiblings = (channel, user, signal) => {
    if (signal.aborted) throw new Error('the filter is closed')
    if (this.#users.has(channel)) throw new Error('it is tied to its siblings already')
    this.#users.set(channel, user)
    void this.#send({ kind: 'sibling-join', channel })
    const leave = (): void => {
      this.#users.delete(channel)
      void this.#send({ kind: 'sibling-leave', channel })
    }
    signal.addEventListener('abort', leave, { once: true })
    let telling = 0
    const tell: Siblings['tell'] = (text) => {
      if (text.length > MAX_TOLD_CHARS)
        throw new RangeError(`${text.length} characters for siblings: at most ${MAX_TOLD_CHARS}`)
      if (telling >= MAX_TELLING) throw new RangeError(`${telling} texts for siblings have not left yet: wait for them`)
      if (signal.aborted) return Promise.resolve()
      telling++
      return this.#send({ kind: 'sibling-tell', channel, text }).finally(() => telling--)
    }
    return { count: this.#deps.count, tell }
  }

  receive(message: Extract<ToWorker, { readonly kind: 'siblings' | 'sibling-greet' }>): void {
    if (message.kind === 'sibling-greet') return void this.#greet(message.channel, message.newcomer)
    for (const { channel, text } of message.heard) {
      try {
        this.#users.get(channel)?.hear(text)
      } catch (error) {
        // The others are told all the same; whose error it is the end of the process finds out.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /** One after the other: there may be many. */
  async #greet(channel: string, to: number): Promise<void> {
    const user = this.#users.get(channel)
    for (const text of user?.greet?.() ?? []) {
      if (this.#users.get(channel) !== user) return
      await this.#send({ kind: 'sibling-tell', channel, text, to })
    }
  }

  #send(message: FromWorker): Promise<void> {
    return new Promise((resolve) => this.#deps.send(message, resolve))
  }
}
