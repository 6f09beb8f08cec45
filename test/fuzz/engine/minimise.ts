/** Runs of the check that a minimisation may take. */
const MAX_TRIES = 3000

/**
 * A smaller input that still fails, found by leaving out ever shorter runs and then by making bytes plain.
 * `isFailing` must be sure of `input` itself.
 */
export function minimise(input: Buffer, isFailing: (input: Buffer) => boolean): Buffer {
  let smallest = input
  const budget = { tries: MAX_TRIES }
  const attempt = (candidate: Buffer): boolean => {
    budget.tries -= 1
    if (!isFailing(candidate)) return false
    smallest = candidate
    return true
  }
  for (let run = Math.max(1, input.length >> 1); run >= 1; run >>= 1) {
    for (let at = 0; at < smallest.length && budget.tries > 0;) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + run)])
      if (!attempt(without)) at += run
    }
  }
  for (let at = 0; at < smallest.length && budget.tries > 0; at += 1) {
    const plain = Buffer.from(smallest)
    plain[at] = 0x61
    if (smallest[at] !== 0x61) attempt(plain)
  }
  return smallest
}
