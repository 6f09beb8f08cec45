/** The names of fields that speak of a trace, in lower case, and the form that each belongs to. */
import type { Propagator } from './remote-context.ts'

/** W3C's other field, by which nobody tells that the form is used. */
export const TRACESTATE = 'tracestate'

/** All of them. */
export const traceNames: readonly string[] = [
  ...['traceparent', TRACESTATE],
  ...['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags'],
]

/** The form that a field is of, if it is of one. By length first: of a dozen fields hardly one is compared. */
export const formOf = (name: string): Propagator | undefined => {
  switch (name.length) {
    case 2:
      return name === 'b3' ? 'b3' : undefined
    case 10:
      return name === 'x-b3-flags' ? 'b3multi' : undefined
    case 11:
      return name === 'traceparent' ? 'tracecontext' : name === 'x-b3-spanid' ? 'b3multi' : undefined
    case 12:
      return name === 'x-b3-traceid' || name === 'x-b3-sampled' ? 'b3multi' : undefined
    default:
      return undefined
  }
}
