/** Finds the context of a trace among the fields of a request, and writes that of the next hop in its place. */
import type { HeaderList } from '../header-list.ts'
import { readB3, readB3Fields } from './b3.ts'
import type { Propagator, RemoteContext } from './remote-context.ts'
import { formatTraceparent, readTraceparent } from './traceparent.ts'
import { isTracestate } from './tracestate.ts'

/** Which forms are read and written. */
export interface Propagation {
  /** In this order: the first that says something valid is believed. */
  readonly reads: readonly Propagator[]
  /** Written whatever came; what came in another form goes on in that form too. */
  readonly writes: readonly Propagator[]
}

/** All are understood, and W3C's is written. */
export const defaultPropagation: Propagation = { reads: ['tracecontext', 'b3', 'b3multi'], writes: ['tracecontext'] }

/** What is found of a trace. */
export interface FoundTrace {
  readonly context: RemoteContext | undefined
  /** The forms that are there, valid or not. */
  readonly forms: readonly Propagator[]
  /** `tracestate` that goes with the context. */
  readonly traceState: string | undefined
  /** There is a `tracestate`, valid or not. */
  readonly hasState: boolean
}

const noForms: readonly Propagator[] = []
const nothing: FoundTrace = { context: undefined, forms: noForms, traceState: undefined, hasState: false }

/** Reads what a request says of its trace. Most say nothing, which one look at the lengths of names tells. */
export const findTrace = (headers: HeaderList, { reads }: Propagation): FoundTrace => {
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) if (speaksOfTrace(fields[i] ?? '')) return readTrace(headers, reads)
  return nothing
}

const readTrace = (headers: HeaderList, reads: readonly Propagator[]): FoundTrace => {
  const forms = formsIn(headers)
  let context: RemoteContext | undefined
  for (const form of reads) {
    if (context !== undefined) break
    if (forms.includes(form)) context = readForm(headers, form)
  }
  const hasState = headers.hasLower(TRACESTATE)
  const isW3c = context?.form === 'tracecontext' && context.ids !== undefined
  const written = isW3c ? headers.getLower(TRACESTATE) : undefined
  const traceState = written !== undefined && isTracestate(written) ? written : undefined
  return { context, forms, traceState, hasState }
}

const TRACESTATE = 'tracestate'

/** The form that a field is of, if it is of one. By length first: of a dozen fields hardly one is compared. */
const formOf = (name: string): Propagator | undefined => {
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

/** Bits of the lengths that their names have. */
const LENGTHS = (1 << 2) | (1 << 10) | (1 << 11) | (1 << 12)
const MAX_LENGTH = 12
const LETTER_B = 0x62
const LETTER_T = 0x74
const LETTER_X = 0x78

/** Each request is asked for each of its fields: most have another length, and nearly all others another letter in front. */
const speaksOfTrace = (name: string): boolean => {
  const { length } = name
  if (length > MAX_LENGTH || ((LENGTHS >> length) & 1) === 0) return false
  const first = name.charCodeAt(0)
  if (first !== LETTER_B && first !== LETTER_T && first !== LETTER_X) return false
  return formOf(name) !== undefined || name === TRACESTATE
}

/** Each once, in the order of their fields. */
const formsIn = ({ fields }: HeaderList): readonly Propagator[] => {
  const forms: Propagator[] = []
  for (let i = 0; i < fields.length; i += 2) {
    const form = formOf(fields[i] ?? '')
    if (form !== undefined && !forms.includes(form)) forms.push(form)
  }
  return forms
}

const readForm = (headers: HeaderList, form: Propagator): RemoteContext | undefined => {
  switch (form) {
    // Two of a field are none: they come joined by a comma, which no form has.
    case 'tracecontext':
      return readTraceparent(headers.getLower('traceparent') ?? '')
    case 'b3':
      return readB3(headers.getLower('b3') ?? '')
    case 'b3multi':
      return readB3Fields({
        traceId: headers.getLower('x-b3-traceid'),
        spanId: headers.getLower('x-b3-spanid'),
        sampled: headers.getLower('x-b3-sampled'),
        flags: headers.getLower('x-b3-flags'),
      })
  }
}

/** What the next hop is told. */
export interface OutgoingContext {
  readonly traceId: string
  readonly isSampled: boolean
  readonly isDebug: boolean
  readonly otherFlags: number
  /** Goes on as it is when it is valid, and belongs to this trace. */
  readonly traceState: string | undefined
}

/** Writes the context into a request, in the form, with `spanId` as the parent of what follows. */
export const writeTrace = (
  headers: HeaderList,
  context: OutgoingContext,
  { form, spanId, parentId }: { readonly form: Propagator; readonly spanId: string; readonly parentId: string },
): void => {
  const { traceId, isSampled, isDebug } = context
  switch (form) {
    case 'tracecontext':
      return headers.setTraceparent(formatTraceparent(context, spanId))
    case 'b3':
      return headers.setLower('b3', `${traceId}-${spanId}-${isDebug ? 'd' : isSampled ? '1' : '0'}-${parentId}`)
    case 'b3multi':
      headers.setLower('x-b3-traceid', traceId)
      headers.setLower('x-b3-spanid', spanId)
      headers.setLower('x-b3-parentspanid', parentId)
      // A sampling state beside the debug flag is redundant, and readers fail over it.
      if (isDebug) {
        headers.setLower('x-b3-flags', '1')
        return void headers.removeLower('x-b3-sampled')
      }
      headers.removeLower('x-b3-flags')
      return headers.setLower('x-b3-sampled', isSampled ? '1' : '0')
  }
}
