import { BadPiece, maxTextBytes } from './read-answer.ts'

/**
 * Makes what cuts bytes into lines, without their ends; what is left at the end is no line yet. Throws `BadPiece` over a
 * line that is longer than any event.
 */
export const createLineSplitter = (
  onLine: (line: string) => void,
  maxBytes = maxTextBytes,
): ((chunk: Buffer) => void) => {
  let held: Buffer[] = []
  let heldBytes = 0
  return (chunk) => {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end)
      start = end + 1
      if (held.length === 0) onLine(piece.toString())
      else {
        const whole = Buffer.concat([...held, piece]).toString()
        held = []
        heldBytes = 0
        onLine(whole)
      }
    }
    // A copy, because what is held would keep all of the chunk.
    if (start < chunk.length) held.push(Buffer.from(chunk.subarray(start)))
    heldBytes += chunk.length - start
    if (heldBytes > maxBytes) throw new BadPiece(`a line of the watch has more than ${maxBytes} bytes`)
  }
}
