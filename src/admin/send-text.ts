import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { BufferPool } from '../http/h2/frames/buffer-pool.ts'

/** Given to the socket in one go; a few of these are on their way at a time. */
const PIECE_BYTES = 64 * 1024
/** In UTF-8, of one of JavaScript's characters. */
const MAX_CHAR_BYTES = 3
/** Of all that is being sent; so many stay when nothing is. */
const pieces = new BufferPool(PIECE_BYTES, 8)

/**
 * Sends a long text part by part, as fast as it is read; settles when all of it is written, or nobody wants it any more. What
 * waits for the socket is in memory outside of V8's heap that is used again: where it was in strings, of a page of metrics a
 * tenth lived until V8 took it for old, and collecting what is old holds up everything for some milliseconds.
 */
export const sendText = async (response: ServerResponse, parts: AsyncIterable<string>): Promise<void> => {
  let piece = pieces.take()
  let length = 0
  const flush = async (): Promise<void> => {
    const written = piece
    // After an error nobody knows how far the socket got.
    const onDone = (error?: Error | null): void => void ((error ?? undefined) === undefined && pieces.give(written))
    const hasRoom = response.write(written.subarray(0, length), onDone)
    piece = pieces.take()
    length = 0
    if (!hasRoom) await untilDrained(response)
  }
  try {
    for await (const text of parts) {
      for (const part of partsOf(text)) {
        if (length + part.length * MAX_CHAR_BYTES > PIECE_BYTES) await flush()
        // Nobody is there any more.
        if (response.destroyed) return
        length += piece.write(part, length, 'utf8')
      }
    }
    if (length > 0) await flush()
  } finally {
    pieces.give(piece)
  }
}

/** Each of which fits into a piece; no character is cut in two. */
function* partsOf(text: string): Generator<string, void, undefined> {
  const most = Math.floor(PIECE_BYTES / MAX_CHAR_BYTES)
  let from = 0
  while (text.length - from > most) {
    const to = from + most - (isHighSurrogate(text.charCodeAt(from + most - 1)) ? 1 : 0)
    yield text.slice(from, to)
    from = to
  }
  yield from === 0 ? text : text.slice(from)
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00

const untilDrained = async (response: ServerResponse): Promise<void> => {
  const over = new AbortController()
  const { signal } = over
  const events = [once(response, 'drain', { signal }), once(response, 'close', { signal })]
  try {
    await Promise.race(events)
  } finally {
    over.abort()
    await Promise.allSettled(events)
  }
}
