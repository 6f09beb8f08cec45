import type { HpackDecoder, HpackResult } from '../../hpack/decoder.ts'
import { FLAG_END_HEADERS, FLAG_PADDED, FLAG_PRIORITY, PROTOCOL_ERROR, ENHANCE_YOUR_CALM } from '../constants.ts'

/** Frames of one header block, and the encoded bytes of it, that a peer may send. */
const MAX_CONTINUATIONS = 32
const MAX_BLOCK_BYTES = 256 * 1024

export type HeaderBlock =
  | { readonly kind: 'partial' }
  | { readonly kind: 'whole'; readonly result: HpackResult }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }

const partial: HeaderBlock = { kind: 'partial' }

/** Collects HEADERS and CONTINUATION into one block and decodes it (RFC 9113 sections 4.3 and 6.10). */
export class HeaderAssembler {
  readonly #decoder: HpackDecoder
  #pieces: Buffer[] = []
  /** Encoded bytes of the block under way, or of the last one. */
  bytes = 0
  /** The stream whose block is unfinished: no other frame may come until it is; 0 for none. */
  streamId = 0
  /** Flags of the HEADERS frame that began the block. */
  flags = 0

  constructor(decoder: HpackDecoder) {
    this.#decoder = decoder
  }

  /** The payload is `buffer[from..to)`: a view of it would be the dearest thing about a small HEADERS frame. */
  begin(streamId: number, flags: number, buffer: Buffer, from: number, to: number): HeaderBlock {
    let start = from
    let end = to
    if ((flags & FLAG_PADDED) !== 0) {
      if (end - start < 1) return error('HEADERS too short for its padding')
      end -= buffer[start] ?? 0
      start++
    }
    if ((flags & FLAG_PRIORITY) !== 0) {
      if (end - start < 5) return error('HEADERS too short for its priority')
      if ((buffer.readUInt32BE(start) & 0x7fff_ffff) === streamId) return error('a stream depends on itself')
      start += 5
    }
    if (start > end) return error('HEADERS padding exceeds the frame')
    this.flags = flags
    this.bytes = end - start
    if ((flags & FLAG_END_HEADERS) !== 0) return this.#decode(buffer, start, end)
    this.streamId = streamId
    this.#pieces = [Buffer.from(buffer.subarray(start, end))]
    return partial
  }

  continue(streamId: number, flags: number, payload: Buffer): HeaderBlock {
    if (streamId !== this.streamId || streamId === 0) return error('CONTINUATION without its HEADERS')
    this.#pieces.push(Buffer.from(payload))
    this.bytes += payload.length
    if (this.#pieces.length > MAX_CONTINUATIONS || this.bytes > MAX_BLOCK_BYTES) {
      return { kind: 'error', code: ENHANCE_YOUR_CALM, message: `a header block of more than ${this.bytes} bytes` }
    }
    if ((flags & FLAG_END_HEADERS) === 0) return partial
    const block = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.streamId = 0
    return this.#decode(block, 0, block.length)
  }

  #decode(block: Buffer, start: number, end: number): HeaderBlock {
    return { kind: 'whole', result: this.#decoder.decode(block, start, end) }
  }
}

const error = (message: string): HeaderBlock => ({ kind: 'error', code: PROTOCOL_ERROR, message })
