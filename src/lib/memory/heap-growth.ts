import { setFlagsFromString } from 'node:v8'

/** What src/bootstrap.mjs starts with. */
const CALM_PERCENT = 25

/**
 * Lets V8's old generation grow by `percent` before all of it is collected, until the returned function is called.
 * A quarter keeps a calm process small. Under a flood that is gone in a second or less, and each such collection stops
 * everything for 10 to 17 ms: memory is the cheaper of the two then. The largest that is asked for counts.
 */
export type AllowHeapGrowth = (percent: number) => () => void

export const createHeapGrowth = (apply: (percent: number) => void): AllowHeapGrowth => {
  const holders = new Set<{ readonly percent: number }>()
  const update = (): void => apply(Math.max(CALM_PERCENT, ...[...holders].map((holder) => holder.percent)))
  return (percent) => {
    const holder = { percent }
    holders.add(holder)
    update()
    return () => {
      if (holders.delete(holder)) update()
    }
  }
}

/** Of the whole process, since V8 knows no other. */
export const allowHeapGrowth = createHeapGrowth((percent) => setFlagsFromString(`--heap-growing-percent=${percent}`))
