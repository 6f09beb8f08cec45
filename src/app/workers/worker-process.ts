import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../lib/clock.ts'
import type { CallName, FromWorker, ToWorker, WorkerCallMessage, WorkerCalls } from './messages.ts'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** A worker that does not answer for so long is not going to. */
const CALL_TIMEOUT_MS = 30_000

interface PendingCall {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly cancelTimeout: () => void
}

/** How a worker's process ended. */
export interface WorkerEnding {
  readonly code: number | null
  readonly signal: string | null
}

/** A worker as its primary sees it. */
export interface WorkerHandle {
  readonly pid: number
  /** Says something that needs no answer; to one that has ended it says nothing. */
  readonly post: (message: ToWorker) => void
  /**
   * Asks. Rejects with what the worker says (`Refusal`), when it ends, or after `timeoutMs` (default
   * 30 s).
   */
  readonly call: <Name extends CallName>(
    name: Name,
    ask: WorkerCalls[Name]['ask'],
    timeoutMs?: number,
  ) => Promise<WorkerCalls[Name]['answer']>
  readonly kill: () => void
}

/** Starts a worker; `onExit` is called once, never before this returns. */
export type StartWorker = (clock: Clock, onExit: (how: WorkerEnding) => void) => WorkerHandle

/** What a worker answered instead of a value: it is well, and would say so again. `code` is its error's. */
export class Refusal extends Error {
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.name = 'Refusal'
    this.code = code
  }
}

/** Starts a worker in a process of its own. */
export const startWorkerProcess: StartWorker = (clock, onExit) => new WorkerProcess(clock, onExit)

/** One worker process and the calls it has not answered yet. */
class WorkerProcess implements WorkerHandle {
  readonly #child: ChildProcess
  readonly #clock: Clock
  readonly #calls = new Map<number, PendingCall>()
  #nextId = 1

  constructor(clock: Clock, onExit: (how: WorkerEnding) => void) {
    this.#clock = clock
    this.#child = fork(WORKER, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#child.on('message', (message: FromWorker) => this.#onMessage(message))
    const end = (how: WorkerEnding): void => {
      for (const [id] of this.#calls) this.#settle(id)?.reject(new Error(`worker ${this.pid} ended`))
      onExit(how)
    }
    this.#child.on('error', () => {
      // No process came to be (the machine has too many): then there is no `exit` either.
      if (this.#child.pid === undefined) end({ code: null, signal: null })
    })
    this.#child.on('exit', (code, signal) => end({ code, signal }))
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  post(message: ToWorker): void {
    // One that is about to end may be disconnected already; its exit is handled on its own.
    if (this.#child.connected) this.#child.send(message, () => {})
  }

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
    else pending?.reject(new Refusal(message.message, message.code))
  }

  #settle(id: number): PendingCall | undefined {
    const pending = this.#calls.get(id)
    this.#calls.delete(id)
    pending?.cancelTimeout()
    return pending
  }
}
