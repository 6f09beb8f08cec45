import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../lib/clock.ts'
import { createReportReader, REPORT_FD } from '../watchdog/report.ts'
import type { Blame, Report, WatchedFilter } from '../watchdog/report.ts'
import type { SiblingMessage } from './sibling-hub.ts'
import type { CallName, FromWorker, ToWorker, WorkerCallMessage, WorkerCalls } from './messages.ts'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** A worker that does not answer for so long is not going to. */
const CALL_TIMEOUT_MS = 30_000
const LAST_WORDS_MS = 250

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
  /** Says something that needs no answer; to one that has ended it says nothing. `onSent`: it is on its way. */
  readonly post: (message: ToWorker, onSent?: () => void) => void
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

/** Starts a worker. */
export type StartWorker = (clock: Clock, user: WorkerUser) => WorkerHandle

/** Who is told what becomes of a worker. */
export interface WorkerUser {
  /** Called once, never before the start returns. */
  readonly onExit: (how: WorkerEnding) => void
  /** A filter has been found to hold its loop, or to fill its memory; never after `onExit`. */
  readonly onBlame?: (blame: Blame) => void
  /** Its filters have something to tell those of other workers. */
  readonly onSibling?: (message: SiblingMessage) => void
}

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
export const startWorkerProcess: StartWorker = (clock, user) => new WorkerProcess(clock, user)

/** One worker process and the calls it has not answered yet. */
class WorkerProcess implements WorkerHandle {
  readonly #child: ChildProcess
  readonly #clock: Clock
  readonly #user: WorkerUser
  #suspect: WatchedFilter | undefined
  readonly #calls = new Map<number, PendingCall>()
  #nextId = 1

  constructor(clock: Clock, user: WorkerUser) {
    this.#clock = clock
    this.#user = user
    // The last one is `REPORT_FD`.
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'] as const
    this.#child = fork(WORKER, [], { serialization: 'advanced', stdio: [...stdio] })
    this.#child.on('message', (message: FromWorker) => this.#onMessage(message))
    const reports = this.#listenForReports()
    const end = (how: WorkerEnding): void => {
      this.#blameSuspect(how)
      for (const [id] of this.#calls) this.#settle(id)?.reject(new Error(`worker ${this.pid} ended`))
      user.onExit(how)
    }
    this.#child.on('error', () => {
      // No process came to be (the machine has too many): then there is no `exit` either.
      if (this.#child.pid === undefined) end({ code: null, signal: null })
    })
    // Its last words may still be in the pipe.
    this.#child.on('exit', (code, signal) => void reports.then(() => end({ code, signal })))
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  post(message: ToWorker, onSent: () => void = () => {}): void {
    // One that is about to end may be disconnected already; its exit is handled on its own.
    if (this.#child.connected) this.#child.send(message, onSent)
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
    this.#suspect = undefined
    this.#child.kill('SIGKILL')
  }

  /** Resolves when all that the worker had to say is read: it has ended then, or its pipe has. */
  #listenForReports(): Promise<void> {
    // Node's types do not know that there is none at all where descriptors are used up.
    const stdio: ChildProcess['stdio'] | undefined = this.#child.stdio
    const pipe = stdio?.[REPORT_FD]
    // No process came to be.
    if (!(pipe instanceof Readable)) return Promise.resolve()
    const read = createReportReader((report) => this.#onReport(report))
    pipe.setEncoding('utf8').on('data', read)
    const ended = Promise.withResolvers<void>()
    pipe.on('close', () => ended.resolve())
    // Somebody whom a filter has started may hold the other end.
    this.#child.on('exit', () => this.#clock.after(LAST_WORDS_MS, () => ended.resolve()))
    return ended.promise
  }

  #onReport(report: Report): void {
    this.#suspect = report.kind === 'suspect' ? report.filter : undefined
    if (report.kind === 'blame') this.#user.onBlame?.(report.blame)
  }

  /** A process that runs out of memory has no time to say so. */
  #blameSuspect({ code, signal }: WorkerEnding): void {
    if (this.#suspect === undefined) return
    const message = `the process died (${signal ?? `exit code ${code}`}) while its hook kept running`
    this.#user.onBlame?.({ filters: [this.#suspect], kind: 'memory', message })
  }

  #onMessage(message: FromWorker): void {
    if ('channel' in message) return this.#user.onSibling?.(message)
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
