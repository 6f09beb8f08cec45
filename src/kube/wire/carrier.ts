import type { KubeResult } from '../failure.ts'

/** An answer of which the body is still to be read, or thrown away with `body.destroy()`. */
export interface TransportAnswer {
  readonly status: number
  /** Names are in lower case. */
  readonly header: (name: string) => string | undefined
  readonly body: AnswerBody
}

/** What comes, chunk by chunk; reading it fails when it breaks off before its end. */
export interface AnswerBody extends AsyncIterable<Buffer> {
  readonly destroy: () => void
}

/** A question as it goes onto a connection. */
export interface WireQuestion {
  /** What messages call it. */
  readonly asked: string
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string | undefined
  /** How long the head of the answer may take, once there is a connection. */
  readonly headMs: number
  readonly signal: AbortSignal
}

/** Carries questions to one API server, by one set of credentials of TLS. */
export interface Carrier {
  readonly send: (question: WireQuestion) => Promise<KubeResult<TransportAnswer>>
  /** What is under way comes to its end; connections go when nobody uses them any more. */
  readonly retire: () => void
  /** Cuts all connections. */
  readonly close: () => void
}

/** Gives the fields of an answer by name, of several with one name the first. */
export const headerOf =
  (headers: Readonly<Record<string, string | readonly string[] | undefined>>): TransportAnswer['header'] =>
  (name) => {
    const value = headers[name]
    return typeof value === 'object' ? value[0] : value
  }

/** How long a connection that nobody uses is kept, in milliseconds. */
export const idleConnectionMs = 30_000

/** After so long without a word the system asks whether the other side is still there. */
export const probeConnectionMs = 15_000

/** Says that the head of an answer did not come. */
export const explainLateHead = (headMs: number): { readonly reason: string; readonly message: string } => ({
  reason: 'Timeout',
  message: `no answer after ${headMs} ms`,
})
