/**
 * The candidate that a mistyped word most probably meant, for "did you mean"; `undefined` when none is close.
 * Close: at most two edits, or a third of the word when that is more; case does not count.
 */
export const nearestWord = (word: string, candidates: Iterable<string>): string | undefined => {
  // Words from outside may be of any length, and the distance costs the product of both.
  if (word.length > 100) return undefined
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  // Two edits make any three letters out of any other: such a guess helps nobody.
  return bestDistance < Math.max(word.length, 2) ? best : undefined
}

/** Levenshtein's distance: insertions, deletions and replacements that turn `a` into `b`. */
const editDistance = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replace = at(above, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replace, at(above, column) + 1, at(current, column - 1) + 1))
    }
    above = current
  }
  return at(above, b.length)
}

const at = (row: readonly number[], column: number): number => row[column] ?? 0
