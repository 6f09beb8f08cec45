import type { SeededRandom } from './random.ts'

/** Resolves with `value` in the next turn of the event loop. */
export const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(resolve, value))

/** The next turn of the event loop. */
export const turn = (): Promise<void> => later(undefined)

/** Waits for some turns, fewer than `limit`: as many as chance has it. */
export const createSoon =
  ({ below }: SeededRandom, limit = 6) =>
  async (): Promise<void> => {
    for (let turns = below(limit); turns > 0; turns--) await turn()
  }
