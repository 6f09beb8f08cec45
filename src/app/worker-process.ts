import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../lib/clock.ts'
import type { CallName, FromWorker, ToWorker, WorkerCallMessage, WorkerCalls } from './messages.ts'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** A worker that does not answer for so long is not going to. */
export const CALL_TIMEOUT_MS = 30_000

interface PendingCall {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly cancelTimeout: () => void
}

/** One worker process and the calls it has not answered yet. */
export class WorkerProcess {
  readonly #child: ChildProcess
  readonly #clock: Clock
  readonly #calls = new Map<number, PendingCall>()
  #nextId = 1

  constructor(clock: Clock, onExit: (how: { readonly code: number | null; readonly signal: string | null }) => void) {
    this.#clock = clock
    this.#child = fork(WORKER, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#child.on('message', (message: FromWorker) => this.#onMessage(message))
    this.#child.on('exit', (code, signal) => {
      for (const [id] of this.#calls) this.#settle(id)?.reject(new Error(`worker ${this.pid} ended`))
      onExit({ code, signal })
    })
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  post(message: ToWorker): void {
    // One that is about to end may be disconnected already; its exit is handled on its own.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  /** Asks; rejects with the worker's error (and its `code`), when it ends, or after `timeoutMs`. */
  call<Name extends CallName>(
    name: Name,
    ask: WorkerCalls[Name]['ask'],
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<WorkerCalls[Name]['answer']> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const cancelTimeout = this.#clock.after(timeoutMs, () => {
        this.#settle(id)?.reject(new Error(`worker ${this.pid} did not answer ${name} in ${timeoutMs} ms`))
      })
      // `messages.ts` ties the answer's type to the name; the worker is this very program.
      this.#calls.set(id, { resolve: resolve as (value: unknown) => void, reject, cancelTimeout })
      const message: WorkerCallMessage<Name> = { kind: 'call', id, name, ask }
      this.post(message as ToWorker)
    })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #onMessage(message: FromWorker): void {
    const pending = this.#settle(message.id)
    if (message.kind === 'answer') pending?.resolve(message.value)
    else pending?.reject(Object.assign(new Error(message.message), { code: message.code }))
  }

  #settle(id: number): PendingCall | undefined {
    const pending = this.#calls.get(id)
    this.#calls.delete(id)
    pending?.cancelTimeout()
    return pending
  }
}
