import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { collector } from './collector.ts'
import { allowHeapGrowth } from './heap-growth.ts'

/** See `createYoungCollector`. */
const BULK_GROWTH_PERCENT = 100

/**
 * Collects V8's young generation, which takes 0.3 to 1 ms. From the first time on the old generation may double before
 * all of it is collected, instead of growing by a quarter (see heap-growth.ts): buffers on their way count as growth,
 * and at 80 MB/s a quarter is gone in 60 ms.
 */
export const createYoungCollector = (): (() => void) => {
  let collect: NodeJS.GCFunction | undefined
  return () => {
    collect ??= begin()
    collect({ type: 'minor', execution: 'sync' })
  }
}

const begin = (): NodeJS.GCFunction => {
  allowHeapGrowth(BULK_GROWTH_PERCENT)
  return collector ?? findCollector()
}

/** For a process that was started without the flag: it defines `gc` in each new context, which costs 2 MB. */
const findCollector = (): NodeJS.GCFunction => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as NodeJS.GCFunction
}
