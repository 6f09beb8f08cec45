import { setTimeout as delay } from 'node:timers/promises'

const CHECK_MS = 15

/** Waits until `check` gives something other than `undefined` and `false`; what another process does gives no other sign. */
export const eventually = async <T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> => {
  const endMs = Date.now() + timeoutMs
  for (;;) {
    const found = await check()
    if (found !== undefined && found !== false) return found
    if (Date.now() > endMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
    await delay(CHECK_MS)
  }
}
