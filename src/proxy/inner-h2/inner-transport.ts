import { H2Connection } from '../../http/h2/connection.ts'
import { CONNECT_ERROR } from '../../http/h2/constants.ts'
import type { ConnectionHandler, ConnectionOptions } from '../../http/h2/connection.ts'
import type { Channel } from '../channel.ts'
import type { Flushable, Flusher } from '../flusher.ts'
import { HeldBytes } from '../held-bytes.ts'
import type { Deferrable, TurnBudget } from '../limits/turn-budget.ts'

/** Frames that are worked on before others may have their turn. */
const FRAMES_AT_ONCE = 256
/** What `H2Connection.forgive` takes for a period: ticks a second apart may be a little early. */
const FORGIVE_EVERY_MS = 900

export interface InnerTransportOptions {
  readonly flusher: Flusher
  readonly turns: TurnBudget
  /** Our own code threw: the connection is to be given up. */
  readonly onFault: (error: unknown) => void
}

/**
 * Binds an HTTP/2 connection to the channel that it runs in, a tunnel say: what is read goes in, what it has to write
 * goes out once a turn. Bytes are consumed as they come, or one slow stream would hold up all the others of the tunnel:
 * the streams' windows are what bounds them (engine.md, rule 7).
 */
export class InnerTransport implements Flushable, Deferrable {
  readonly h2: H2Connection
  readonly channel: Channel
  readonly #options: InnerTransportOptions
  readonly #backlog = new HeldBytes()
  /** The peer has ended its direction, behind what is in the backlog. */
  #onInputEnd: (() => void) | undefined
  #isClosing = false
  #isGone = false
  #forgivenMs = 0

  constructor(
    channel: Channel,
    handler: Omit<ConnectionHandler, 'onOutput'>,
    options: ConnectionOptions & InnerTransportOptions,
  ) {
    this.channel = channel
    this.#options = options
    this.h2 = new H2Connection({ ...handler, onOutput: () => options.flusher.gather(this) }, options)
  }

  /** Sends our preface. */
  start(): void {
    this.h2.start()
  }

  /** What the channel brought. */
  read(buffer: Buffer, start: number, end: number): void {
    if (this.#isGone) return this.channel.discard(end - start)
    if (!this.#backlog.isEmpty || !this.#options.turns.takePiece(this)) return this.#backlog.push(buffer, start, end)
    this.#feed(buffer, start, end)
    // Asked for once only: whoever waits more than once for his turn has more turns than others.
    if (!this.#backlog.isEmpty && this.#options.turns.takePiece(this)) this.resume()
  }

  /** The channel brings no more; `done` is called once all that came is worked on. */
  finishReading(done: () => void): void {
    if (this.#backlog.isEmpty) done()
    else this.#onInputEnd = done
  }

  /** There is room for more input in this turn. */
  resume(): void {
    this.guard(() => {
      while (!this.#isGone) {
        const piece = this.#backlog.shift()
        if (piece === undefined) break
        this.#feed(piece.buffer, piece.start, piece.end)
        if (this.#backlog.isEmpty || !this.#options.turns.takePiece(this)) break
      }
      if (!this.#backlog.isEmpty || this.#isGone) return
      const done = this.#onInputEnd
      this.#onInputEnd = undefined
      done?.()
    })
  }

  /** The channel took what it had queued. */
  onDrain(): void {
    this.guard(() => this.h2.setBlocked(false))
  }

  flush(): void {
    if (this.#isGone || this.h2.outputBytes === 0) return
    this.guard(() => this.#write())
  }

  /** Writes what is still to be said (a GOAWAY, say) and ends our direction of the channel. */
  close(): void {
    if (this.#isClosing || this.#isGone) return
    this.#isClosing = true
    if (this.h2.outputBytes === 0) this.#end()
  }

  /** The channel is gone, or given up: every stream is told. */
  abandon(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#backlog.drop()
    this.h2.abort(CONNECT_ERROR)
  }

  /** Called every second or so, and not much less. */
  tick(nowMs: number): void {
    if (nowMs - this.#forgivenMs < FORGIVE_EVERY_MS) return
    this.#forgivenMs = nowMs
    this.guard(() => this.h2.forgive())
  }

  /** Runs what belongs to this connection: if it throws, the connection is given up. */
  guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#options.onFault(error)
    }
  }

  #feed(buffer: Buffer, from: number, end: number): void {
    this.guard(() => {
      const { h2 } = this
      h2.pauseAfter(FRAMES_AT_ONCE)
      const taken = h2.feed(buffer.subarray(from, end))
      const frames = FRAMES_AT_ONCE - h2.framesLeft
      this.#options.flusher.noteInnerFrames(frames)
      this.#options.turns.spend(frames)
      // What came ended it: nobody reads the rest.
      if (this.#isGone) return this.channel.discard(end - from)
      this.channel.consume(taken)
      if (from + taken < end) this.#backlog.putBack({ buffer, start: from + taken, end })
    })
  }

  #write(): void {
    const bytes = this.h2.take()
    const isPassed = this.channel.send(bytes, 0, bytes.length)
    // Left to the collector it would cost more than all that is in it.
    if (this.channel.isCopying === true) H2Connection.giveBack(bytes)
    if (this.#isClosing) this.#end()
    else this.h2.setBlocked(!isPassed)
  }

  #end(): void {
    this.#isGone = true
    this.channel.discard(this.#backlog.drop())
    this.channel.end()
  }
}
