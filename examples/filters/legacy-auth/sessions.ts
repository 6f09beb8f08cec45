/** Who a session is of; `undefined`: nobody, so the auth service says. */
export interface Session {
  readonly user: string
  readonly roles: string
}

interface Known {
  readonly session: Session | undefined
  readonly untilMs: number
}

/** What was learnt of sessions, for a while. The oldest go first when there are too many. */
export class Sessions {
  readonly #known = new Map<string, Known>()
  /** Questions under way: a page that asks for twenty things at once is one question. */
  readonly #asked = new Map<string, Promise<Session | undefined>>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** What is known of it at `nowMs`; `undefined` when it has to be asked about. */
  find(key: string, nowMs: number): Known | undefined {
    const known = this.#known.get(key)
    if (known === undefined || known.untilMs > nowMs) return known
    this.#known.delete(key)
    return undefined
  }

  /** The answer of `ask`, or of whoever is asking already; a question that fails is put again by the next one. */
  learn(key: string, ask: () => Promise<Known>): Promise<Session | undefined> {
    const asked = this.#asked.get(key)
    if (asked !== undefined) return asked
    const learning = this.#learn(key, ask).finally(() => this.#asked.delete(key))
    this.#asked.set(key, learning)
    return learning
  }

  async #learn(key: string, ask: () => Promise<Known>): Promise<Session | undefined> {
    const known = await ask()
    this.#known.delete(key)
    this.#known.set(key, known)
    const [oldest] = this.#known.keys()
    if (this.#known.size > this.#most && oldest !== undefined) this.#known.delete(oldest)
    return known.session
  }
}
