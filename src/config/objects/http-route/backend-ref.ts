import * as s from '../../../lib/schema.ts'
import { backendObject, needsPort, type BackendObject } from './backend-object.ts'
import { asDefects, type Defect } from './defect.ts'
import { decodeFilters, type FilterList, type FilterType } from './filter.ts'

/** An HTTPBackendRef or GRPCBackendRef, defaults applied. */
export interface BackendRef extends BackendObject, FilterList {
  readonly weight: number
  /** `spec.rules[0].backendRefs[1]` */
  readonly path: string
}

const schema = s.refine(
  s.object({
    ...backendObject,
    weight: s.withDefault(s.integer({ min: 0, max: 1_000_000 }), 1),
    filters: s.optional(s.anything()),
  }),
  needsPort,
)

/** Reads one entry of `backendRefs`, whose filters may be of `types`; `undefined` with defects when it cannot be read. */
export const decodeBackendRef = (
  value: unknown,
  path: string,
  { types, defects }: { readonly types: readonly FilterType[]; readonly defects: Defect[] },
): BackendRef | undefined => {
  const decoded = schema.decode(value, path)
  if (!decoded.ok) {
    defects.push(...asDefects(decoded.issues))
    return undefined
  }
  const { filters: written, ...rest } = decoded.value
  return { ...rest, ...decodeFilters(written, `${path}.filters`, { types, defects }), path }
}
