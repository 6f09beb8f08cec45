/** The names of fields that speak of a trace, in lower case, and the form that each belongs to. */
import type { Propagator } from './remote-context.ts'

/** W3C's other field, by which nobody tells that the form is used. */
export const TRACESTATE = 'tracestate'

const FORMS: ReadonlyMap<string, Propagator> = new Map<string, Propagator>([
  ['traceparent', 'tracecontext'],
  ['b3', 'b3'],
  ['x-b3-traceid', 'b3multi'],
  ['x-b3-spanid', 'b3multi'],
  ['x-b3-sampled', 'b3multi'],
  ['x-b3-flags', 'b3multi'],
])

/** All of them. */
export const traceNames: readonly string[] = [...FORMS.keys(), TRACESTATE]

/** The form that a field is of, if it is of one. */
export const formOf = (name: string): Propagator | undefined => FORMS.get(name)
