import v8 from 'node:v8'
import vm from 'node:vm'

const MIB = 1024 * 1024

/** What the process holds, in MiB; the heap is that of the calling thread, after a collection. */
export interface MemorySample {
  readonly heapMib: number
  readonly rssMib: number
}

/** Collects garbage and measures: what is left is held by somebody. */
export function createMemoryProbe(): () => MemorySample {
  v8.setFlagsFromString('--expose-gc')
  // The only way to a function that the flag gives to new contexts alone.
  const collect = vm.runInNewContext('gc') as () => void
  return () => {
    // The second one waits for the memory of buffers that the first one has let go.
    collect()
    collect()
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heapMib: (heapUsed + external) / MIB, rssMib: rss / MIB }
  }
}
