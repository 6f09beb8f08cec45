/** Makes what cuts bytes into lines, without their ends; what is left at the end is no line yet. */
export const createLineSplitter = (onLine: (line: string) => void): ((chunk: Buffer) => void) => {
  let held: Buffer[] = []
  return (chunk) => {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end)
      start = end + 1
      if (held.length === 0) onLine(piece.toString())
      else {
        const whole = Buffer.concat([...held, piece]).toString()
        held = []
        onLine(whole)
      }
    }
    // A copy, because what is held would keep all of the chunk.
    if (start < chunk.length) held.push(Buffer.from(chunk.subarray(start)))
  }
}
