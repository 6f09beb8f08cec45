import { failureKinds } from '../../filter/guard/failure.ts'
import type { FilterReading } from '../../filter/guard/reading.ts'
import type { ScalarDump } from '../dump.ts'
import { filterMetrics } from '../scalars.ts'

/** How users' filters do; versions of one filter count as one. */
export const filterScalars = (readings: readonly FilterReading[]): readonly ScalarDump[] =>
  [...Map.groupBy(readings, ({ id }) => id)].flatMap(([id, versions]) => {
    const sum = (read: (reading: FilterReading) => number): number =>
      versions.reduce((total, reading) => total + read(reading), 0)
    const isHeld = versions.some(({ state }) => state !== 'active')
    return [
      { name: filterMetrics.calls.name, label: id, value: sum(({ calls }) => calls) },
      ...failureKinds.map((kind) => ({
        name: filterMetrics.failures.name,
        label: [id, kind],
        value: sum(({ failures }) => failures[kind]),
      })),
      { name: filterMetrics.quarantined.name, label: id, value: isHeld ? 1 : 0 },
    ]
  })
