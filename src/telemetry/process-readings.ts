import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { readResidentBytes } from '../lib/memory/resident.ts'

/** How the process itself is doing. */
export interface ProcessReading {
  readonly cpuSeconds: number
  /** As it was last known, when it cannot be read: a scrape is wanted most when descriptors are all used up. */
  readonly residentBytes: number
  readonly heapUsedBytes: number
  readonly startTimeSeconds: number
  /** How long turns of the event loop took since the reading before, in seconds: what comes meanwhile waits as long. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
}

export interface ProcessReadings {
  readonly read: () => ProcessReading
  readonly close: () => void
}

/**
 * Watches this process from now on. Each turn of its loop is looked at, without the time in which there is nothing to do: a timer sees
 * only the stalls that it falls into, and wakes a process that is at rest again and again (docs/decisions/0062).
 */
export const createProcessReadings = (): ProcessReadings => {
  const delay = monitorEventLoopDelay({ samplePerIteration: true })
  delay.enable()
  const startTimeSeconds = Date.now() / 1000 - process.uptime()
  let residentBytes = readResidentBytes() ?? 0
  const read = (): ProcessReading => {
    const { user, system } = process.cpuUsage()
    residentBytes = readResidentBytes() ?? residentBytes
    // Without a turn yet the histogram says nonsense of its least and most.
    const isEmpty = delay.count === 0
    const loopDelay = {
      p50: isEmpty ? 0 : delay.percentile(50) / 1e9,
      p99: isEmpty ? 0 : delay.percentile(99) / 1e9,
      max: isEmpty ? 0 : delay.max / 1e9,
    }
    delay.reset()
    return {
      cpuSeconds: (user + system) / 1e6,
      residentBytes,
      heapUsedBytes: getHeapStatistics().used_heap_size,
      startTimeSeconds,
      loopDelay,
    }
  }
  return { read, close: () => void delay.disable() }
}
