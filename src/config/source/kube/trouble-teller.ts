import type { Clock } from '../../../lib/clock.ts'
import { isEqual } from '../../../lib/is-equal.ts'

/** What lasts no longer is not worth a word: a connection that breaks and is there again. */
const lastingMs = 1000

/** Makes what passes on the troubles there are, once they have lasted. */
export const createTroubleTeller = (
  clock: Clock,
  tell: (troubles: readonly string[]) => void,
): { readonly update: (now: readonly string[]) => void; readonly close: () => void } => {
  let told: readonly string[] = []
  let current = told
  let cancel: (() => void) | undefined
  const settle = (): void => {
    cancel = undefined
    if (isEqual(current, told)) return
    told = current
    tell(told)
  }
  return {
    update: (now) => {
      current = now
      // What is over is over at once.
      if (now.length === 0 && told.length > 0) settle()
      else if (!isEqual(now, told)) cancel ??= clock.after(lastingMs, settle)
    },
    close: () => cancel?.(),
  }
}
