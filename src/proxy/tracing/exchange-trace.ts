import type { CheckOutcome, CheckSpan, TraceRecord, TrySpan } from '../../filter/record.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { Propagator } from '../../http/tracing/remote-context.ts'
import { writeTrace, type OutgoingContext } from '../../http/tracing/trace-fields.ts'

const noTries: TrySpan[] = []
const noChecks: CheckSpan[] = []

/** What an exchange begins its trace with. */
export interface TraceStart {
  readonly context: OutgoingContext
  readonly parentId: string | undefined
  readonly spanId: string
  readonly tunnel: TraceRecord['tunnel']
  /** The forms in which endpoints are told; none: they are told nothing. */
  readonly forms: readonly Propagator[]
  /** `tracestate` must not go on. */
  readonly dropsState: boolean
  /** Makes the ids of tries; `undefined`: nobody will be told of them. */
  readonly createSpanId: (() => string) | undefined
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
/** Takes note of what became of a question. */
type EndCheck = (outcome: CheckOutcome) => void

/** The spans of one exchange while they come about: no more than their ids, since all else is in its record. */
export class ExchangeTrace implements TraceRecord {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly traceState: string | undefined
  readonly isSampled: boolean
  readonly tunnel: TraceRecord['tunnel']
  tries: TrySpan[] = noTries
  checks: CheckSpan[] = noChecks
  readonly #start: TraceStart

  constructor(start: TraceStart) {
    const { context } = start
    this.traceId = context.traceId
    this.spanId = start.spanId
    this.parentId = start.parentId
    this.traceState = context.traceState
    this.isSampled = context.isSampled
    this.tunnel = start.tunnel
    this.#start = start
  }

  /** The try number `attempt`, from 1 on, sets out with these fields: its span is the parent of what the endpoint does. */
  beginTry(headers: HeaderList, attempt: number, nowMs: number): void {
    const { createSpanId } = this.#start
    if (createSpanId === undefined) return this.tell(headers)
    const spanId = createSpanId()
    if (this.tries === noTries) this.tries = []
    // One that found no connection was none.
    this.tries.length = Math.min(this.tries.length, attempt - 1)
    this.tries.push({ spanId, startedAtMs: nowMs })
    this.#write(headers, spanId, this.spanId)
  }

  /**
   * A question about the exchange sets out with these fields: its span is the parent of what the authorization service does.
   * The result is to be called with what became of it, unless nobody waits for that any more; `undefined`: nobody is told.
   */
  beginCheck(headers: HeaderList, about: Omit<CheckSpan, 'spanId' | 'outcome'>): EndCheck | undefined {
    const { createSpanId, context, forms } = this.#start
    // Of the request's fields it may have none.
    if (context.traceState !== undefined && forms.includes('tracecontext'))
      headers.setLower('tracestate', context.traceState)
    if (createSpanId === undefined) {
      this.tell(headers)
      return undefined
    }
    const check: Mutable<CheckSpan> = { ...about, spanId: createSpanId(), outcome: undefined }
    if (this.checks === noChecks) this.checks = []
    this.checks.push(check)
    this.#write(headers, check.spanId, this.spanId)
    return (outcome) => void (check.outcome = outcome)
  }

  /** Tells whoever gets these fields that it is part of the exchange. */
  tell(headers: HeaderList): void {
    this.#write(headers, this.spanId, this.parentId ?? this.spanId)
  }

  #write(headers: HeaderList, spanId: string, parentId: string): void {
    const { forms, context, dropsState } = this.#start
    if (forms.length === 0) return
    for (const form of forms) writeTrace(headers, context, { form, spanId, parentId })
    if (dropsState) headers.removeLower('tracestate')
  }
}
