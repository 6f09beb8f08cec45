import { rssMbOf } from './process-stats.ts'

const SAMPLE_MS = 50

/** Looks at the resident memory of processes again and again. */
export interface RssSampler {
  /** The largest sample in MB; stops. */
  readonly stop: () => number
}

/** Samples the resident memory of `pids`, added up, every 50 ms until it is stopped. */
export const sampleRss = (pids: readonly number[]): RssSampler => {
  let peakMb = rssMbOf(pids)
  const sample = (): void => {
    peakMb = Math.max(peakMb, rssMbOf(pids))
  }
  const timer = setInterval(sample, SAMPLE_MS)
  return {
    stop: () => {
      clearInterval(timer)
      sample()
      return peakMb
    },
  }
}
