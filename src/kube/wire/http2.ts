import { failed, type KubeResult } from '../failure.ts'
import type { TransportAnswer, WireQuestion } from './carrier.ts'
import { explainError } from './explain-error.ts'
import { openHttp2Session, type Http2Session, type OpenedSession, type SessionPlace } from './http2-session.ts'

/** A server that refuses the same question so often means it. */
const mostTries = 3

/**
 * Carries all questions on one connection, and opens another one when that has as many as the server lets it have: a watch
 * lasts for minutes, and on a connection of its own each would take 250 KB. Opens nothing yet.
 */
export class Http2Sessions {
  readonly #place: SessionPlace
  readonly #sessions = new Set<Http2Session>()
  readonly #closing = new AbortController()
  #opening: Promise<OpenedSession> | undefined

  constructor(place: SessionPlace) {
    this.#place = place
  }

  /** `http1`: the server is there, and does not speak HTTP/2. */
  async send(question: WireQuestion): Promise<KubeResult<TransportAnswer> | 'http1'> {
    const { asked, headMs, signal } = question
    for (let tries = 0; tries < mostTries;) {
      if (signal.aborted) return failed({ asked, ...explainError(undefined, signal) })
      const session = this.#free()
      if (session === undefined) {
        this.#opening ??= this.#open(headMs)
        const opened = await untilAborted(this.#opening, signal)
        if (opened === 'aborted') continue
        if (opened.kind === 'failed') return failed({ asked, ...opened.failure })
        if (opened.kind === 'http1') return 'http1'
        continue
      }
      tries++
      const sent = await session.send(question)
      if (sent !== 'refused') return sent
    }
    return failed({ asked, reason: 'Unreachable', message: `the server has refused it ${mostTries} times` })
  }

  /** What is under way comes to its end. */
  retire(): void {
    for (const session of this.#sessions) session.retire()
  }

  close(): void {
    this.#closing.abort()
    for (const session of this.#sessions) session.destroy()
  }

  #free(): Http2Session | undefined {
    for (const session of this.#sessions) {
      if (session.isClosed) this.#sessions.delete(session)
      else if (session.hasRoom) return session
    }
    return undefined
  }

  async #open(withinMs: number): Promise<OpenedSession> {
    try {
      const opened = await openHttp2Session(this.#place, withinMs, this.#closing.signal)
      if (opened.kind === 'open') this.#sessions.add(opened.session)
      return opened
    } finally {
      // Whatever became of it, the next question dials anew.
      this.#opening = undefined
    }
  }
}

/** Waits for what others wait for as well, and no longer than the signal lets it. */
const untilAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> => {
  const { promise: aborted, resolve } = Promise.withResolvers<'aborted'>()
  const stop = (): void => resolve('aborted')
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
