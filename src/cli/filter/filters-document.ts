import { askAdmin } from '../ask-admin.ts'
import type { HostPort } from '../host-port.ts'

/** What `GET /filters` says, as far as it is printed. */
export interface FiltersDocument {
  readonly generation: number
  readonly processes: number
  readonly filters: readonly FilterRow[]
}

/** One version of a filter in force. */
export interface FilterRow {
  readonly id: string
  readonly kind: string
  readonly version: string
  readonly isolation: string
  readonly failureMode: string
  readonly budget: { readonly hookMs: number; readonly waitMs: number }
  readonly state: string
  readonly until?: string
  readonly calls: number
  readonly failures: Readonly<Record<string, number>>
  readonly hookMs: { readonly p50?: number; readonly max: number; readonly sum: number }
  readonly lastFailure?: {
    readonly kind: string
    readonly message: string
    readonly location?: string
    readonly at: string
  }
}

/** Asks a running waypoint. Throws `CliError` when there is no answer, or none of a waypoint. */
export const askFilters = (admin: HostPort): Promise<FiltersDocument> =>
  askAdmin(admin, {
    path: '/filters',
    about: 'filters',
    isAnswer: isFiltersDocument,
    next: '--admin HOST:PORT names its admin API',
  })

/** Whether what an admin API sent has all that is printed; further fields are no matter. */
const isFiltersDocument = (value: unknown): value is FiltersDocument =>
  hasTypes(value, { generation: 'number', processes: 'number' }) &&
  Array.isArray(value['filters']) &&
  value['filters'].every(isRow)

const isRow = (value: unknown): boolean =>
  hasTypes(value, {
    ...{ id: 'string', kind: 'string', version: 'string', isolation: 'string', failureMode: 'string' },
    ...{ state: 'string', calls: 'number' },
  }) &&
  isOptional(value['until'], 'string') &&
  hasTypes(value['budget'], { hookMs: 'number', waitMs: 'number' }) &&
  hasTypes(value['hookMs'], { max: 'number', sum: 'number' }) &&
  isOptional(value['hookMs']['p50'], 'number') &&
  isRecord(value['failures']) &&
  Object.values(value['failures']).every((count) => typeof count === 'number') &&
  (value['lastFailure'] === undefined || isFailure(value['lastFailure']))

const isFailure = (value: unknown): boolean =>
  hasTypes(value, { kind: 'string', message: 'string', at: 'string' }) && isOptional(value['location'], 'string')

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const isOptional = (value: unknown, type: string): boolean => value === undefined || typeof value === type

const hasTypes = (
  value: unknown,
  types: Readonly<Record<string, string>>,
): value is Readonly<Record<string, Readonly<Record<string, unknown>>>> =>
  isRecord(value) && Object.entries(types).every(([name, type]) => typeof value[name] === type)
