import * as s from '../../../lib/schema.ts'
import { portNumber } from '../kind.ts'
import { namespaceName } from '../metadata.ts'
import { asDefects, itemsOf, type Defect } from './defect.ts'
import { checkFilters, decodeFilter, type HttpFilter } from './filter.ts'

/** An HTTPBackendRef, defaults applied. */
export interface BackendRef {
  readonly group: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  /** Always there for a Service. */
  readonly port?: number
  readonly weight: number
  readonly filters: readonly HttpFilter[]
  /** `spec.rules[0].backendRefs[1]` */
  readonly path: string
}

const fields = {
  group: s.withDefault(s.string(), ''),
  kind: s.withDefault(s.string({ minLength: 1 }), 'Service'),
  namespace: s.optional(namespaceName),
  name: s.string({ minLength: 1, maxLength: 253 }),
  port: s.optional(portNumber),
  weight: s.withDefault(s.integer({ min: 0, max: 1_000_000 }), 1),
  filters: s.optional(s.anything()),
}

const schema = s.refine(s.object(fields), (ref, path) =>
  ref.kind === 'Service' && ref.group === '' && ref.port === undefined
    ? [{ message: 'is missing', path: `${path}.port`, found: 'nothing', expected: 'the port of the Service' }]
    : [],
)

/** Reads one entry of `backendRefs`; `undefined` with defects when it cannot be read. */
export const decodeBackendRef = (value: unknown, path: string, defects: Defect[]): BackendRef | undefined => {
  const decoded = schema.decode(value, path)
  if (!decoded.ok) {
    defects.push(...asDefects(decoded.issues))
    return undefined
  }
  const { filters: written, ...rest } = decoded.value
  const filters = itemsOf(written, `${path}.filters`, defects).flatMap(
    (item, index) => decodeFilter(item, `${path}.filters[${index}]`, defects) ?? [],
  )
  defects.push(...checkFilters(filters, `${path}.filters`))
  return { ...rest, filters, path }
}
