import { failureKinds } from './failure.ts'
import type { FailureKind } from './failure.ts'

/** Upper bounds of the buckets of hook times, in milliseconds; one more bucket has what is above. */
export const hookBoundsMs: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 1000,
]

/** How one version of a user filter does in one process, or in several; plain data that survives JSON. */
export interface FilterReading {
  /** `NAMESPACE/NAME` of the object. */
  readonly id: string
  /** Of the definition. */
  readonly kind: string
  readonly version: string
  readonly isolation: 'none' | 'thread'
  readonly failureMode: 'open' | 'closed'
  /** How long one call may hold the event loop, and how long a promise may take. */
  readonly budget: { readonly hookMs: number; readonly waitMs: number }
  /** `quarantined`: not called, its failure mode answers; `probation`: called for one exchange at a time. */
  readonly state: FilterState
  /** When the quarantine ends, milliseconds since the epoch. */
  readonly untilMs?: number
  /** Hooks called. */
  readonly calls: number
  readonly failures: FailureCounts
  /** For how long hooks have held the event loop; waiting for a promise is not in it. */
  readonly hookMs: { readonly p50?: number; readonly max: number; readonly sum: number }
  /** The same by `hookBoundsMs`. */
  readonly hookBuckets: readonly number[]
  readonly lastFailure?: LastFailure
}

export type FilterState = 'active' | 'quarantined' | 'probation'

export type FailureCounts = Readonly<Record<FailureKind, number>>

/** What a filter failed of last. */
export interface LastFailure {
  readonly kind: FailureKind
  readonly message: string
  /** `stamp-version.ts:12`, as far as it is known. */
  readonly location?: string
  /** Milliseconds since the epoch. */
  readonly atMs: number
}

/** No failures; of each kind one number. */
export const countFailures = (): Record<FailureKind, number> => ({
  throw: 0,
  reject: 0,
  overrun: 0,
  wait: 0,
  invalid: 0,
  memory: 0,
  loop: 0,
})

/** From the best to the worst. */
const states: readonly FilterState[] = ['active', 'probation', 'quarantined']

/** What several processes read, one for each version: counts are added, and the state is that of the worst. */
export const mergeReadings = (processes: readonly (readonly FilterReading[])[]): readonly FilterReading[] => {
  const merged = new Map<string, FilterReading>()
  for (const reading of processes.flat()) {
    const key = `${reading.id} ${reading.version}`
    const before = merged.get(key)
    merged.set(key, before === undefined ? reading : mergeTwo(before, reading))
  }
  return [...merged.values()].toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}

const mergeTwo = (a: FilterReading, b: FilterReading): FilterReading => {
  const worse = states.indexOf(b.state) > states.indexOf(a.state) ? b : a
  const untilMs = Math.max(a.untilMs ?? 0, b.untilMs ?? 0)
  const failures = countFailures()
  for (const kind of failureKinds) failures[kind] = a.failures[kind] + b.failures[kind]
  const hookBuckets = a.hookBuckets.map((count, i) => count + (b.hookBuckets[i] ?? 0))
  const later = (b.lastFailure?.atMs ?? 0) > (a.lastFailure?.atMs ?? 0) ? b.lastFailure : a.lastFailure
  const { lastFailure: _, untilMs: __, ...rest } = worse
  return {
    ...rest,
    ...(untilMs === 0 ? {} : { untilMs }),
    calls: a.calls + b.calls,
    failures,
    hookMs: readHookTimes(hookBuckets, Math.max(a.hookMs.max, b.hookMs.max), a.hookMs.sum + b.hookMs.sum),
    hookBuckets,
    ...(later === undefined ? {} : { lastFailure: later }),
  }
}

/** The median is the bound below which half of the calls are, and so a little high. */
export const readHookTimes = (buckets: readonly number[], max: number, sum: number): FilterReading['hookMs'] => {
  const all = buckets.reduce((total, count) => total + count, 0)
  if (all === 0) return { max, sum }
  let seen = 0
  for (const [i, count] of buckets.entries()) {
    seen += count
    if (seen * 2 >= all) return { p50: Math.min(hookBoundsMs[i] ?? max, max), max, sum }
  }
  return { max, sum }
}

/** Failures of all kinds. */
export const sumFailures = (failures: FailureCounts): number =>
  failureKinds.reduce((sum, kind) => sum + failures[kind], 0)
