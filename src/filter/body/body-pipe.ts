/**
 * A body on its way through the filters that change it, and its trailers through those that look at them: the same for
 * requests and responses, in the data path and in the harness. What is spoken on either side never enters here.
 */
import { HeaderList } from '../../http/header-list.ts'
import type { TrailersHook } from '../chain.ts'
import { FilterMistake } from '../guard/failure.ts'
import { HookRun, type ExchangeHook } from '../hook-run.ts'
import type { BodyPiece, Exchange, Reply } from '../index.ts'
import { readResult, type BodyStage } from './body-stage.ts'
import { GrowingBytes } from './growing-bytes.ts'

/** Counts what is kept of bodies in this process. */
export interface BodyMemory {
  /** Counts so many bytes; if the answer is no, there is no room for them. */
  readonly take: (bytes: number) => boolean
  readonly give: (bytes: number) => void
}

/** What is done to a body. */
export interface BodyPlan {
  readonly stages: readonly BodyStage[]
  readonly trailers: readonly TrailersHook[]
  readonly exchange: Exchange
  readonly memory: BodyMemory
}

/** Why a body could not be kept for the filter that wants the whole of it. */
export interface TooMuch {
  readonly why: 'too-large' | 'no-room'
  /** Of the filter. */
  readonly kind: string
}

/** Who a body goes on to. One of the last four is called, once, unless the pipe is cancelled. */
export interface BodyPipeUser {
  /** More came out; false when it is held, until `onPassed`. */
  readonly onBytes: (buffer: Buffer, start: number, end: number) => boolean
  /** So many bytes that went in, and were held, are done with. */
  readonly onCredit: (bytes: number) => void
  /** All of it has come out. */
  readonly onEnd: (trailers: HeaderList | undefined) => void
  readonly onReply: (reply: Reply) => void
  readonly onTooMuch: (what: TooMuch) => void
  /** A filter threw or rejected; with `isLate` the pipe had been cancelled. */
  readonly onThrown: (error: unknown, isLate: boolean) => void
}

const NOTHING = Buffer.alloc(0)

export class BodyPipe {
  readonly #plan: BodyPlan
  readonly #user: BodyPipeUser
  /** Of stages that want the whole. */
  readonly #kept: GrowingBytes[]
  #keptBytes = 0
  /** What came while a piece was on its way. */
  readonly #waiting = new GrowingBytes()
  /** Bytes that went in, and that their sender has had no credit for. */
  #owedBytes = 0
  /** Bytes that came out, and that nobody has taken yet. */
  #heldBytes = 0
  #isBusy = false
  #isEnding = false
  #isDone = false
  #isCancelled = false
  #trailers: HeaderList | undefined
  /** The kind of the filter that is waited for. */
  #pending: string | undefined
  #trailersRun: HookRun<Exchange> | undefined

  constructor(plan: BodyPlan, user: BodyPipeUser) {
    this.#plan = plan
    this.#user = user
    this.#kept = plan.stages.map(() => new GrowingBytes())
  }

  /** The kind of the filter whose promise is waited for, the empty string for one without; `undefined` when none is. */
  get waitsFor(): string | undefined {
    return this.#pending ?? this.#trailersRun?.waitsFor
  }

  /** More of the body, whose memory must stay as it is; false when it is held until `onCredit`. */
  push(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isDone) return true
    const bytes = buffer.subarray(start, end)
    if (this.#isBusy) {
      this.#waiting.add(bytes)
      this.#owedBytes += bytes.length
      return false
    }
    this.#run(bytes, false)
    if (this.#waiting.length > 0 || this.#isEnding) this.#goOn()
    if (this.#isCancelled || (!this.#isBusy && this.#heldBytes === 0)) return true
    this.#owedBytes += bytes.length
    return false
  }

  /** All of it has gone in. */
  end(trailers: HeaderList | undefined): void {
    if (this.#isEnding || this.#isDone) return
    this.#isEnding = true
    this.#trailers = trailers
    if (!this.#isBusy) this.#goOn()
  }

  /** So many bytes that came out, and were held, have been taken. */
  onPassed(bytes: number): void {
    this.#heldBytes -= bytes
    this.#giveCredit()
  }

  /** Nothing more of it is wanted; how many bytes were held that went in. */
  cancel(): number {
    this.#finish()
    this.#isCancelled = true
    this.#trailersRun?.cancel()
    this.#pending = undefined
    this.#waiting.take()
    this.#giveMemory()
    const owed = this.#owedBytes
    this.#owedBytes = 0
    return owed
  }

  /** Whether a piece went all the way; else a filter is waited for. */
  #run(bytes: Buffer, isLast: boolean): boolean {
    this.#isBusy = true
    const isThrough = this.#passFrom(0, bytes, isLast)
    if (isThrough) this.#isBusy = false
    return isThrough
  }

  #passFrom(first: number, piece: Buffer, isLast: boolean): boolean {
    let bytes = piece
    const { stages } = this.#plan
    for (let i = first; i < stages.length; i++) {
      const stage = stages[i]
      if (stage === undefined || (bytes.length === 0 && !isLast)) return true
      if (stage.isWhole) {
        const whole = this.#keep(i, stage, bytes)
        if (whole === undefined || !isLast) return true
        bytes = whole.take()
      }
      const passed = this.#transform(i, stage, bytes, isLast)
      if (!Buffer.isBuffer(passed)) return passed === 'done'
      bytes = passed
    }
    if (bytes.length > 0 && !this.#user.onBytes(bytes, 0, bytes.length)) this.#heldBytes += bytes.length
    return !isLast || this.#isDone || this.#endTrailers()
  }

  #transform(at: number, stage: BodyStage, bytes: Buffer, isLast: boolean): Buffer | 'done' | 'waits' {
    try {
      const result = stage.transform(bytes, isLast)
      if (typeof result !== 'object' || !('then' in result)) return this.#take(readResult(result, bytes, stage))
      this.#pending = stage.kind
      result
        .then((settled) => this.#onSettled(settled, { at, stage, bytes, isLast }))
        // Also what fails on from there: nobody else is waiting for this promise.
        .catch((error: unknown) => this.#fail(error))
      return 'waits'
    } catch (error) {
      this.#fail(error)
      return 'done'
    }
  }

  #onSettled(
    result: BodyPiece | Reply | void,
    {
      at,
      stage,
      bytes,
      isLast,
    }: { readonly at: number; readonly stage: BodyStage; readonly bytes: Buffer; readonly isLast: boolean },
  ): void {
    if (this.#isDone) return
    this.#pending = undefined
    const taken = this.#take(readResult(result, bytes, stage))
    if (taken !== 'done' && !this.#passFrom(at + 1, taken, isLast)) return
    this.#isBusy = false
    this.#goOn()
  }

  #take(result: Buffer | Reply): Buffer | 'done' {
    if (Buffer.isBuffer(result)) return result
    this.#finish()
    this.#user.onReply(result)
    return 'done'
  }

  /** With what has come meanwhile, and with the end. */
  #goOn(): void {
    while (!this.#isBusy && !this.#isDone) {
      if (this.#waiting.length > 0) this.#run(this.#waiting.take(), false)
      else if (!this.#isEnding) break
      else if (this.#run(NOTHING, true)) break
    }
    this.#giveCredit()
  }

  #keep(at: number, { limitBytes, kind }: BodyStage, bytes: Buffer): GrowingBytes | undefined {
    const kept = this.#kept[at]
    if (kept === undefined) return undefined
    const isTooLarge = kept.length + bytes.length > limitBytes
    this.#keptBytes += bytes.length
    const hasRoom = this.#plan.memory.take(bytes.length)
    if (!isTooLarge && hasRoom) {
      kept.add(bytes)
      return kept
    }
    this.#finish()
    this.#user.onTooMuch({ why: isTooLarge ? 'too-large' : 'no-room', kind })
    return undefined
  }

  /** Whether the filters have had their say about the trailers. */
  #endTrailers(): boolean {
    const hooks = this.#plan.trailers
    if (hooks.length === 0) return this.#end(this.#trailers)
    const trailers = this.#trailers ?? new HeaderList()
    const run = new HookRun<Exchange>(
      hooks.map((hook) => withTrailers(hook, trailers)),
      this.#plan.exchange,
      {
        onPassed: () => void this.#end(trailers.size === 0 ? undefined : trailers),
        onReply: () => this.#fail(new FilterMistake('a filter replied to trailers, when the body is through')),
        onThrown: (error: unknown) => this.#fail(error),
      },
    )
    this.#trailersRun = run
    run.start()
    return this.#isDone
  }

  #end(trailers: HeaderList | undefined): boolean {
    this.#finish()
    this.#isBusy = false
    this.#user.onEnd(trailers)
    this.#giveCredit()
    return true
  }

  #fail(error: unknown): void {
    this.#finish()
    this.#user.onThrown(error, this.#isCancelled)
  }

  #finish(): void {
    this.#isDone = true
    this.#pending = undefined
  }

  #giveCredit(): void {
    if (this.#isBusy || this.#heldBytes > 0) return
    if (this.#isDone) this.#giveMemory()
    const owed = this.#owedBytes
    this.#owedBytes = 0
    if (owed > 0) this.#user.onCredit(owed)
  }

  #giveMemory(): void {
    this.#plan.memory.give(this.#keptBytes)
    this.#keptBytes = 0
  }
}

const withTrailers = (hook: TrailersHook, trailers: HeaderList): ExchangeHook<Exchange> =>
  Object.assign((exchange: Exchange) => hook(trailers, exchange), { kind: hook.kind })
