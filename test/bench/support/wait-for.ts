import { setTimeout as wait } from 'node:timers/promises'

const POLL_MS = 20

/** Asks `probe` until it gives something; what it throws ends the waiting, and so does the deadline. */
export const waitFor = async <T>(
  what: string,
  deadlineMs: number,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> => {
  const giveUpAt = performance.now() + deadlineMs
  for (;;) {
    const found = await probe()
    if (found !== undefined) return found
    if (performance.now() > giveUpAt) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`)
    await wait(POLL_MS)
  }
}
