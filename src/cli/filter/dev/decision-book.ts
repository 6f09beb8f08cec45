import type { Decision, Message } from './decision.ts'
import type { Echoed } from './echo.ts'

interface Open {
  readonly sent: Message
  readonly echoed?: Echoed
  readonly received?: { readonly status: number; readonly message: Message }
  readonly logged?: { readonly reason: string; readonly durationMs: number }
}

/** Those whose other half never comes, because a client went away, are let go of. */
const MAX_OPEN = 1000

/** Puts together what client, backend and access log each know of a request; tells of it when it is complete. */
export class DecisionBook {
  readonly #open = new Map<string, Open>()
  readonly #onDecision: (decision: Decision) => void

  constructor(onDecision: (decision: Decision) => void) {
    this.#onDecision = onDecision
  }

  noteSent(id: string, sent: Message): void {
    this.#open.set(id, { sent })
    const [oldest] = this.#open.keys()
    if (this.#open.size > MAX_OPEN && oldest !== undefined) this.#open.delete(oldest)
  }

  noteEchoed(id: string, echoed: Echoed): void {
    this.#add(id, { echoed })
  }

  noteReceived(id: string, status: number, message: Message): void {
    this.#add(id, { received: { status, message } })
  }

  /** Nothing more comes for it; what it was, if that is known. */
  noteFailed(id: string): Message | undefined {
    const sent = this.#open.get(id)?.sent
    this.#open.delete(id)
    return sent
  }

  /** Takes a line of the access log, as JSON. */
  noteLogged(line: string): void {
    const value = parse(line)
    if (value === undefined || typeof value['request_id'] !== 'string') return
    const { response_code_details: reason, duration } = value
    this.#add(value['request_id'], {
      logged: {
        reason: typeof reason === 'string' ? reason : '',
        durationMs: typeof duration === 'number' ? duration : 0,
      },
    })
  }

  #add(id: string, part: Partial<Open>): void {
    const before = this.#open.get(id)
    if (before === undefined) return
    const { sent, echoed, received, logged } = { ...before, ...part }
    if (received === undefined || logged === undefined) {
      this.#open.set(id, { ...before, ...part })
      return
    }
    this.#open.delete(id)
    const { status, message } = received
    const { reason, durationMs } = logged
    const isAnswered = echoed !== undefined && reason === 'via_upstream'
    const answered = isAnswered ? echoed.response : undefined
    this.#onDecision({ sent, arrived: echoed?.request, status, answered, received: message, reason, durationMs })
  }
}

const parse = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
