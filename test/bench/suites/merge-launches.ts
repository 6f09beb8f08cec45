import type { Contender } from './contender.ts'
import type { Run } from './laboratory.ts'

/**
 * Several launches of one proxy as one contender: of each round the run that took the middle CPU time of them. How V8 compiles and
 * where things come to lie in the caches differs from launch to launch by up to a tenth, for as long as one lives. A launch that
 * failed takes no part; when all have, the first tells why. Its memory is that of the launch that took most. Pure.
 */
export const mergeLaunches = (launches: readonly Contender[]): Contender | undefined => {
  const sound = launches.filter(({ proxy, why }) => proxy !== undefined && why === undefined)
  const [first] = sound
  if (first === undefined || sound.length === 1) return first ?? launches[0]
  const rounds = Math.min(...sound.map(({ runs }) => runs.length))
  const runs = Array.from({ length: rounds }, (_, round) => middleOf(sound.flatMap((one) => one.runs[round] ?? [])))
  const peaks = sound.flatMap(({ peakRssMb }) => peakRssMb ?? [])
  return { ...first, runs: runs.flat(), peakRssMb: peaks.length === 0 ? undefined : Math.max(...peaks) }
}

const middleOf = (runs: readonly Run[]): readonly Run[] => {
  const middle = runs.toSorted((a, b) => a.cpuMicrosPerRequest - b.cpuMicrosPerRequest)[runs.length >> 1]
  return middle === undefined ? [] : [middle]
}
