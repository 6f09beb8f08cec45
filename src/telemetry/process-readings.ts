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
  /** Delay of the event loop since the reading before, in seconds. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
}

export interface ProcessReadings {
  readonly read: () => ProcessReading
  readonly close: () => void
}

/** Sampling every 20 ms sees every stall that matters (10 ms is the house's limit) and costs next to nothing. */
const RESOLUTION_MS = 20

/** Watches this process from now on. */
export const createProcessReadings = (): ProcessReadings => {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  const startTimeSeconds = Date.now() / 1000 - process.uptime()
  let residentBytes = readResidentBytes() ?? 0
  const read = (): ProcessReading => {
    const { user, system } = process.cpuUsage()
    residentBytes = readResidentBytes() ?? residentBytes
    // The histogram counts the sampling interval itself; what is above it is the delay.
    const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000)
    const isEmpty = delay.count === 0
    const loopDelay = {
      p50: isEmpty ? 0 : seconds(delay.percentile(50)),
      p99: isEmpty ? 0 : seconds(delay.percentile(99)),
      max: isEmpty ? 0 : seconds(delay.max),
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
