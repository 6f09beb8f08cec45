import type { Clock } from '../lib/clock.ts'

/** What holds something back for a while. */
export interface Hold {
  /** Whether it is to be held back, and not for too long yet; `onOver` is called when that is so. */
  readonly isHeld: () => boolean
  /** It need not be held back. */
  readonly release: () => void
}

/** Makes one; what is held back for longer than `maxMs` is let through from then on, until it is released. */
export const createHold = (clock: Clock, maxMs: number, onOver: () => void): Hold => {
  let cancel: (() => void) | undefined
  let isOver = false
  return {
    isHeld: () => {
      if (isOver) return false
      cancel ??= clock.after(maxMs, () => {
        cancel = undefined
        isOver = true
        onOver()
      })
      return true
    },
    release: () => {
      cancel?.()
      cancel = undefined
      isOver = false
    },
  }
}
