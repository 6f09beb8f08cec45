import { mergeReadings } from '../../filter/guard/reading.ts'
import type { FilterReading } from '../../filter/guard/reading.ts'

/** Each version of a user's filter that is in force, and how it does in all processes; times of day as text. */
export const filterRows = (processes: readonly (readonly FilterReading[])[]): readonly object[] =>
  mergeReadings(processes).map(({ id, kind, version, isolation, failureMode, budget, state, ...reading }) => ({
    ...{ id, kind, version, isolation, failureMode, budget, state },
    ...(reading.untilMs === undefined ? {} : { until: new Date(reading.untilMs).toISOString() }),
    calls: reading.calls,
    failures: reading.failures,
    hookMs: reading.hookMs,
    ...(reading.lastFailure === undefined ? {} : { lastFailure: withTime(reading.lastFailure) }),
  }))

const withTime = ({ atMs, ...failure }: NonNullable<FilterReading['lastFailure']>): object => ({
  ...failure,
  at: new Date(atMs).toISOString(),
})
