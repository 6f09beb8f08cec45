import assert from 'node:assert/strict'
import * as h2 from '../../../src/http/h2/constants.ts'
import type { OwnSettings } from '../../../src/http/h2/settings.ts'
import { HpackDecoder } from '../../../src/http/hpack/decoder.ts'
import { type RawFrame, parseFrames } from '../../support/http/h2-frames.ts'
import type { LooseFrame } from '../mutate/h2.ts'

/** What the other side makes of one stream of ours. */
interface StreamView {
  /** WINDOW_UPDATE less DATA; with the initial window it is what we may still send. */
  credit: number
  /** DATA less WINDOW_UPDATE, the other way round: what it has not been given back. */
  owed: number
  /** WINDOW_UPDATE that came for it. */
  given: number
  isEnded: boolean
  isReset: boolean
}

/**
 * The other end of a connection: it keeps the books of what it has allowed, and checks everything that comes against
 * them (RFC 9113 sections 4.2, 5.1, 5.2 and 6.8).
 */
export class H2Peer {
  readonly #role: 'server' | 'client'
  readonly #streams = new Map<number, StreamView>()
  readonly #decoder = new HpackDecoder({ maxTableBytes: 1 << 20, maxListBytes: 1 << 22 })
  readonly #own: OwnSettings
  /** Whether we have answered its SETTINGS: until then its initial window is not known (RFC 9113 section 6.9.2). */
  #isAcknowledged = false
  #hasSettings = false
  #initialWindow = h2.DEFAULT_WINDOW_BYTES
  #window = h2.DEFAULT_WINDOW_BYTES
  #pings = 0
  #settings = 0
  #owed = 0
  #goawayLimit = Number.POSITIVE_INFINITY
  #isOver = false
  /** Bytes that no owner asked for: all but bodies and heads. */
  reactionBytes = 0

  /** The connection's role and what it advertises. */
  constructor(role: 'server' | 'client', own: OwnSettings) {
    this.#role = role
    this.#owed = own.connectionWindowBytes - h2.DEFAULT_WINDOW_BYTES
    this.#own = own
  }

  /** A whole frame that the connection is about to be fed. */
  grant({ type, flags, streamId: word, payload }: LooseFrame): void {
    const streamId = word & 0x7fff_ffff
    if (type === h2.FRAME_DATA) {
      this.#owed += payload.length
      this.#view(streamId).owed += payload.length
    }
    if (type === h2.FRAME_RST_STREAM && payload.length === 4) this.#view(streamId).isReset = true
    if (type === h2.FRAME_PING && (flags & h2.FLAG_ACK) === 0) this.#pings += 1
    if (type === h2.FRAME_SETTINGS && (flags & h2.FLAG_ACK) !== 0) this.#isAcknowledged ||= this.#hasSettings
    if (type === h2.FRAME_SETTINGS && (flags & h2.FLAG_ACK) === 0) {
      this.#hasSettings = true
      this.#settings += 1
      for (let at = 0; at + 6 <= payload.length; at += 6) {
        const [id, value] = [payload.readUInt16BE(at), payload.readUInt32BE(at + 2)]
        if (id === h2.SETTINGS_INITIAL_WINDOW_SIZE) this.#initialWindow = value
      }
    }
    if (type !== h2.FRAME_WINDOW_UPDATE || payload.length !== 4) return
    const bytes = payload.readUInt32BE(0) & 0x7fff_ffff
    if (streamId === 0) this.#window += bytes
    else this.#view(streamId).credit += bytes
  }

  /** What the connection has written. */
  receive(output: Buffer): void {
    for (const frame of parseFrames(output)) this.#onFrame(frame)
  }

  /** Bytes in all that we may send on a stream as far as we know. */
  allowance(streamId: number): number {
    const { streamWindowBytes } = this.#own
    const initial = this.#isAcknowledged ? streamWindowBytes : Math.max(streamWindowBytes, h2.DEFAULT_WINDOW_BYTES)
    return initial + (this.#streams.get(streamId)?.given ?? 0)
  }

  #onFrame({ type, flags, streamId, payload }: RawFrame): void {
    assert.ok(!this.#isOver, 'a frame after the last GOAWAY')
    assert.ok(payload.length <= h2.DEFAULT_FRAME_BYTES, `a frame of ${payload.length} bytes`)
    assert.ok(streamId < 2 ** 31, 'the reserved bit is set')
    const isOfBody = type === h2.FRAME_DATA || type === h2.FRAME_HEADERS || type === h2.FRAME_CONTINUATION
    if (!isOfBody) this.reactionBytes += 9 + payload.length
    switch (type) {
      case h2.FRAME_DATA:
        return this.#onData(flags, streamId, payload.length)
      case h2.FRAME_HEADERS:
        return this.#onHeaders(flags, streamId, payload)
      case h2.FRAME_RST_STREAM:
        assert.ok(streamId > 0 && payload.length === 4)
        this.#view(streamId).isReset = true
        return
      case h2.FRAME_SETTINGS:
        assert.equal(streamId, 0)
        if ((flags & h2.FLAG_ACK) !== 0) assert.ok(--this.#settings >= 0, 'more SETTINGS answers than SETTINGS')
        return
      case h2.FRAME_PING:
        if ((flags & h2.FLAG_ACK) !== 0) assert.ok(--this.#pings >= 0, 'more PING answers than PINGs')
        return
      case h2.FRAME_GOAWAY:
        return this.#onGoaway(payload)
      case h2.FRAME_WINDOW_UPDATE:
        return this.#onWindowUpdate(streamId, payload)
      default:
        assert.fail(`a frame of type ${type}`)
    }
  }

  #onData(flags: number, streamId: number, bytes: number): void {
    const view = this.#open(streamId)
    view.credit -= bytes
    this.#window -= bytes
    if (bytes > 0) {
      assert.ok(this.#initialWindow + view.credit >= 0, `stream ${streamId} is sent beyond its window`)
      assert.ok(this.#window >= 0, 'sent beyond the window of the connection')
    }
    if ((flags & h2.FLAG_END_STREAM) !== 0) view.isEnded = true
  }

  /** Only what was used is given back, so that no window outgrows what its side has promised to hold. */
  #onWindowUpdate(streamId: number, payload: Buffer): void {
    const bytes = payload.readUInt32BE(0)
    assert.ok(payload.length === 4 && bytes > 0 && bytes <= h2.MAX_WINDOW_BYTES, `WINDOW_UPDATE of ${bytes}`)
    if (streamId === 0) this.#owed -= bytes
    else {
      this.#view(streamId).owed -= bytes
      this.#view(streamId).given += bytes
    }
    const owed = streamId === 0 ? this.#owed : this.#view(streamId).owed
    assert.ok(owed >= 0, `stream ${streamId} is given ${-owed} bytes of window that it has not used`)
  }

  #onHeaders(flags: number, streamId: number, payload: Buffer): void {
    const view = this.#open(streamId)
    assert.ok((flags & h2.FLAG_END_HEADERS) !== 0, 'our heads here fit a frame')
    const result = this.#decoder.decode(payload, 0, payload.length)
    assert.equal(result.kind, 'ok', 'a header block that cannot be read')
    if ((flags & h2.FLAG_END_STREAM) !== 0) view.isEnded = true
  }

  #onGoaway(payload: Buffer): void {
    const limit = payload.readUInt32BE(0)
    assert.ok(limit <= this.#goawayLimit, 'the last stream of a GOAWAY rose')
    this.#goawayLimit = limit
    if (payload.readUInt32BE(4) !== h2.NO_ERROR) this.#isOver = true
  }

  #open(streamId: number): StreamView {
    assert.ok(streamId > 0 && streamId % 2 === 1, `the ${this.#role} writes to stream ${streamId}`)
    const view = this.#view(streamId)
    assert.ok(!view.isEnded && !view.isReset, `stream ${streamId} goes on after its ${view.isReset ? 'reset' : 'end'}`)
    return view
  }

  #view(streamId: number): StreamView {
    const view = this.#streams.get(streamId) ?? { credit: 0, owed: 0, given: 0, isEnded: false, isReset: false }
    this.#streams.set(streamId, view)
    return view
  }
}
