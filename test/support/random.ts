/** Chance with a memory: the same seed gives the same run, so that a failure can be repeated. */
export interface SeededRandom {
  /** A fraction in [0, 1). */
  readonly fraction: () => number
  /** A whole number in [0, limit). */
  readonly below: (limit: number) => number
  /** One of `items`, which must not be empty. */
  readonly pick: <T>(items: readonly T[]) => T
  /** True with the given probability. */
  readonly chance: (ratio: number) => boolean
}

/** A generator of 32 bits of state (mulberry32): fast and good enough to shuffle test input. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(fraction() * limit)
  return {
    fraction,
    below,
    pick: <T>(items: readonly T[]): T => {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    chance: (ratio) => fraction() < ratio,
  }
}
