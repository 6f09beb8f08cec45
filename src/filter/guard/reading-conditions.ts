import type { Condition } from '../../model/condition.ts'
import { sumFailures } from './reading.ts'
import type { FilterReading } from './reading.ts'

/** How filters do, as a condition of their objects; of several versions of one, that of the worst. */
export const readingConditions = (readings: readonly FilterReading[]): readonly Condition[] => {
  const worst = new Map<string, FilterReading>()
  for (const reading of readings) {
    const key = `${kindOf(reading)} ${reading.id}`
    const other = worst.get(key)
    if (other === undefined || other.state === 'active') worst.set(key, reading)
  }
  return Array.from(worst.values(), conditionOf)
}

/** Of the object. */
const kindOf = ({ kind }: FilterReading): string => (kind === 'App' ? kind : 'Filter')

const conditionOf = (reading: FilterReading): Condition => {
  const [namespace = '', name = ''] = reading.id.split('/')
  const object = { kind: kindOf(reading), namespace, name }
  const common = { object, type: 'Healthy' } as const
  const last = formatLast(reading)
  switch (reading.state) {
    case 'active': {
      const failed = sumFailures(reading.failures)
      const message = failed === 0 ? 'its hooks do well' : `${failed} failures in ${reading.calls} calls${last}`
      return { ...common, status: 'True', reason: 'Active', message }
    }
    case 'quarantined': {
      const until = reading.untilMs === undefined ? '' : ` until ${new Date(reading.untilMs).toISOString()}`
      return {
        ...common,
        status: 'False',
        reason: 'Quarantined',
        message: `not called${until}${formatMode(reading)}${last}`,
      }
    }
    case 'probation':
      return {
        ...common,
        status: 'Unknown',
        reason: 'Probation',
        message: `called for one request at a time after a quarantine${last}`,
      }
  }
}

const formatMode = ({ failureMode }: FilterReading): string =>
  failureMode === 'closed' ? ', and its requests are answered with 500' : ', and requests pass without it'

const formatLast = ({ lastFailure }: FilterReading): string => {
  if (lastFailure === undefined) return ''
  const { kind, location, message } = lastFailure
  return `; the last failure (${kind})${location === undefined ? '' : ` at ${location}`}: ${message}`
}

/** Why a filter is not simply called, as a line of a decision; `undefined` when it is. */
export const formatFilterState = (reading: FilterReading): string | undefined =>
  reading.state === 'active'
    ? undefined
    : `${kindOf(reading) === 'App' ? 'App' : 'filter'} ${reading.id} is ${reading.state}: ${conditionOf(reading).message}`
