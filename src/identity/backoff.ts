const FIRST_MS = 1000
const LAST_MS = 60_000

/**
 * How long to wait before whoever gives certificates is asked again, after `failures` in a row (from 1): a second,
 * doubled with each, up to a minute, less a random part of up to a half, so that replicas do not come back in step.
 */
export const backoffMs = (failures: number, random: () => number): number => {
  const delayMs = Math.min(FIRST_MS * 2 ** Math.min(Math.max(failures, 1) - 1, 16), LAST_MS)
  return Math.round(delayMs - (delayMs / 2) * random())
}
