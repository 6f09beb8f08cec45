/** Finds the context of a trace among the fields of a request, and writes that of the next hop in its place. */
import type { HeaderList } from '../header-list.ts'
import { readB3, readB3Fields } from './b3.ts'
import type { Propagator, RemoteContext } from './remote-context.ts'
import { formOf, TRACESTATE } from './trace-names.ts'
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
/** What a request without any such field says. */
export const noTrace: FoundTrace = { context: undefined, forms: noForms, traceState: undefined, hasState: false }

/** Reads what a request says of its trace. */
export const findTrace = (headers: HeaderList, { reads }: Propagation): FoundTrace => {
  const forms = formsIn(headers)
  const hasState = headers.hasLower(TRACESTATE)
  if (forms.length === 0 && !hasState) return noTrace
  let context: RemoteContext | undefined
  for (const form of reads) {
    if (context !== undefined) break
    if (forms.includes(form)) context = readForm(headers, form)
  }
  const isW3c = context?.form === 'tracecontext' && context.ids !== undefined
  const written = isW3c ? headers.getLower(TRACESTATE) : undefined
  const traceState = written !== undefined && isTracestate(written) ? written : undefined
  return { context, forms, traceState, hasState }
}

/** Each once, in the order of their fields. */
const formsIn = ({ fields }: HeaderList): readonly Propagator[] => {
  let forms = noForms
  for (let i = 0; i < fields.length; i += 2) {
    const form = formOf(fields[i] ?? '')
    if (form !== undefined && !forms.includes(form)) forms = [...forms, form]
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
