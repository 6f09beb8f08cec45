/**
 * Decides where an exchange stands in a trace when it begins, and whether it is traced: by what its client has decided,
 * or by chance. What becomes of it is for the telemetry, which is told by the record.
 */
import type { ExchangeRecord } from '../../filter/record.ts'
import type { TraceRecord } from '../../filter/record.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import { findTrace, noTrace, type FoundTrace } from '../../http/tracing/trace-fields.ts'
import type { Propagator } from '../../http/tracing/remote-context.ts'
import { readTraceparent } from '../../http/tracing/traceparent.ts'
import { createHexSource } from '../../lib/ids/random-hex.ts'
import type { TelemetryPolicy } from '../../model/telemetry/telemetry-policy.ts'
import { ExchangeTrace } from './exchange-trace.ts'
import { Lots } from './lots.ts'
import { planTraces, type TracePlan, type TracingDefaults } from './trace-plan.ts'

/** What begins. */
export type TracedHead = Pick<H1RequestHead, 'headers' | 'mayHaveTrace'>

/** The record of what begins; it is told of the trace. */
export type TracedRecord = Pick<ExchangeRecord, 'telemetry' | 'requestId' | 'trace'>

/**
 * What an exchange has of a trace: a place of its own; or it is to be given the beginning of one that nobody is told of; or what it
 * carries goes on as it came.
 */
export type BegunTrace = ExchangeTrace | 'untold' | undefined

/** A plan, and who decides by chance where it leaves that open. */
interface Planned {
  readonly plan: TracePlan
  readonly lots: Lots
  /** What is not chosen, and says nothing of a trace, is 'untold'. */
  readonly isPlain: boolean
}

/** Where a trace begins, or goes on. */
interface Beginning {
  readonly found: FoundTrace
  readonly isSampled: boolean
  readonly tunnel: string | undefined
}

const noForms: readonly Propagator[] = []
/** Of `x-request-id`: how finely a share is cut (Envoy's UUID request id, too). */
const REQUEST_ID_SHARES = 10_000

export class Tracer {
  readonly #defaults: TracingDefaults
  readonly #random: () => number
  readonly #createTraceId = createHexSource(16)
  readonly #createSpanId = createHexSource(8)
  readonly #plans = new WeakMap<TelemetryPolicy, { readonly planned: Planned | undefined }>()
  readonly #defaultPlan: Planned | undefined
  /** Requests of one Service come in batches. */
  #lastPolicy: TelemetryPolicy | undefined
  #lastPlan: Planned | undefined
  /** Tunnels have many requests, one after the other. */
  #tunnelText: string | undefined
  #tunnel: TraceRecord['tunnel']

  constructor(defaults: TracingDefaults, random: () => number) {
    this.#defaults = defaults
    this.#random = random
    this.#defaultPlan = this.#plan(undefined)
  }

  /** Whether exchanges with that policy have places in traces. */
  traces(policy: TelemetryPolicy | undefined): boolean {
    return this.#planOf(policy) !== undefined
  }

  /** What an exchange that begins with these fields has of a trace, `tunnel` being the `traceparent` of its CONNECT. */
  begin(head: TracedHead, record: TracedRecord, tunnel: string | undefined): BegunTrace {
    const planned = this.#planOf(record.telemetry)
    if (planned === undefined) return undefined
    const { plan, lots, isPlain } = planned
    // Nearly all, and by itself: what V8 makes of more would keep it from putting the rest of a request in one piece.
    if (isPlain && !head.mayHaveTrace && (record.requestId === undefined || !plan.samplesByRequestId))
      return lots.draw() ? this.#trace(plan, record, { found: noTrace, isSampled: true, tunnel }) : 'untold'
    return this.#look(head, record, { planned, tunnel })
  }

  #look(
    head: TracedHead,
    record: TracedRecord,
    { planned, tunnel }: { readonly planned: Planned; readonly tunnel: string | undefined },
  ): BegunTrace {
    const { plan } = planned
    const found = head.mayHaveTrace ? findTrace(head.headers, plan.propagation) : noTrace
    const isSampled = this.#isSampled(planned, found, record.requestId)
    if (!isSampled && !plan.reportsErrors) {
      if (mayPass(plan, found)) return undefined
      if (mayBeUntold(plan, found)) return 'untold'
    }
    return this.#trace(plan, record, { found, isSampled, tunnel })
  }

  #trace(plan: TracePlan, record: TracedRecord, { found, isSampled, tunnel }: Beginning): ExchangeTrace {
    const { context } = found
    const ids = context?.ids
    const isContinued = ids !== undefined
    const trace = new ExchangeTrace({
      context: {
        traceId: ids?.traceId ?? this.#createTraceId(),
        isSampled,
        isDebug: context?.isDebug === true,
        otherFlags: isContinued ? (context?.otherFlags ?? 0) : 0,
        traceState: found.traceState,
      },
      parentId: ids?.spanId,
      spanId: this.#createSpanId(),
      tunnel: tunnel === undefined ? undefined : this.#readTunnel(tunnel),
      forms: plan.tellsUpstream ? formsFor(plan, found) : noForms,
      dropsState: found.traceState === undefined && found.hasState,
      createSpanId: isSampled || plan.reportsErrors ? this.#createSpanId : undefined,
    })
    record.trace = trace
    return trace
  }

  #isSampled({ plan, lots }: Planned, { context }: FoundTrace, requestId: string | undefined): boolean {
    if (plan.followsParent && context?.isSampled !== undefined) return context.isSampled
    if (plan.ratio >= 1) return true
    if (plan.ratio <= 0) return false
    if (plan.samplesByRequestId && requestId !== undefined) {
      const number = Number.parseInt(requestId.slice(0, 8), 16)
      if (!Number.isNaN(number)) return number % REQUEST_ID_SHARES < plan.ratio * REQUEST_ID_SHARES
    }
    return lots.draw()
  }

  #planOf(policy: TelemetryPolicy | undefined): Planned | undefined {
    if (policy === undefined) return this.#defaultPlan
    if (policy === this.#lastPolicy) return this.#lastPlan
    const known = this.#plans.get(policy)
    const planned = known === undefined ? this.#plan(policy) : known.planned
    if (known === undefined) this.#plans.set(policy, { planned })
    this.#lastPolicy = policy
    this.#lastPlan = planned
    return planned
  }

  #plan(policy: TelemetryPolicy | undefined): Planned | undefined {
    const plan = planTraces(policy, this.#defaults)
    if (plan === undefined) return undefined
    const isPlain = !plan.reportsErrors && !mayPass(plan, noTrace) && mayBeUntold(plan, noTrace)
    return { plan, lots: new Lots(plan.ratio, this.#random), isPlain }
  }

  #readTunnel(text: string): TraceRecord['tunnel'] {
    if (text === this.#tunnelText) return this.#tunnel
    this.#tunnelText = text
    this.#tunnel = readTraceparent(text)?.ids
    return this.#tunnel
  }
}

// Most are not chosen, and nobody will ever be told of them. Anything but these forms of it is rare.

/** Whether what it carries may go on as it came. */
const mayPass = ({ tellsUpstream, propagation: { writes } }: TracePlan, found: FoundTrace): boolean => {
  if (!tellsUpstream) return true
  const { context, forms, traceState, hasState } = found
  const isAsIs = context?.form === 'tracecontext' && context.isSampled === false && forms.length === 1
  return isAsIs && isW3c(writes) && (traceState !== undefined || !hasState)
}

/** Whether the beginning of a trace which is not told of says all that there is to say. */
const mayBeUntold = ({ propagation: { writes } }: TracePlan, { forms, hasState }: FoundTrace): boolean =>
  forms.length === 0 && !hasState && isW3c(writes)

const isW3c = (writes: readonly Propagator[]): boolean => writes.length === 1 && writes[0] === 'tracecontext'

/** Those that are always written, and those in which the trace came: an application behind us may know no other. */
const formsFor = ({ propagation }: TracePlan, { forms }: FoundTrace): readonly Propagator[] => {
  const { writes, reads } = propagation
  const also = forms.filter((form) => reads.includes(form) && !writes.includes(form))
  return also.length === 0 ? writes : [...writes, ...also]
}
