import type { Reply } from './index.ts'
import { faultOfBody, isStreamed } from './reply.ts'

/**
 * All that the body of a reply comes to; throws what its stream throws, and when it is longer than `maxBytes`, or not as
 * long as it said.
 */
export const collectReply = async (reply: Reply, maxBytes = Infinity): Promise<Buffer> => {
  const { body, length } = reply
  const fault = faultOfBody(reply)
  if (fault !== undefined) throw new TypeError(fault)
  if (!isStreamed(body)) return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body)
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    // Copied: a generator may use its memory again for the next one.
    const copy = typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece)
    bytes += copy.length
    if (bytes > maxBytes)
      throw new RangeError(`a reply has more than ${maxBytes} bytes, which is all that is kept of it`)
    pieces.push(copy)
  }
  if (length !== undefined && length !== bytes) {
    throw new RangeError(`a reply says that its body has ${length} bytes, and it has ${bytes}`)
  }
  return Buffer.concat(pieces)
}
