import type { Destination, ExchangeRecord, Source } from '../../filter/record.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import { findFrontend } from '../../snapshot/resolve.ts'
import type { Frontend, Snapshot } from '../../snapshot/snapshot.ts'
import { HttpExchange } from '../exchange.ts'
import type { SnapshotLease } from '../leases.ts'
import type { Overload } from '../overload/overload.ts'
import type { OverloadReason } from '../overload/overload-reason.ts'
import { RefusedExchange } from '../overload/refused-exchange.ts'
import type { SourceLoad } from '../overload/source-load.ts'
import type { ExchangeOwner, OwnedExchange } from './exchange-owner.ts'
import type { ExchangeDeps } from './exchange-parts.ts'
import type { BegunTrace, Tracer } from '../tracing/tracer.ts'
import { beginRecord } from './record.ts'

/** What the tunnel says of the requests in it. */
export interface TunnelOrigin {
  /** As the CONNECT had it. */
  readonly authority: string
  readonly source: Source
  /** All that this client does, on whatever connection. */
  readonly load: SourceLoad
  /** What was called when the tunnel was opened, for the record of requests that find it unbound. */
  readonly destination: Destination
  /** Default: what heads say. */
  readonly httpVersion?: string
  /** `traceparent` of the CONNECT; absent: it had none, or nobody would be told of it. */
  readonly traceparent?: string
}

export interface BeginDeps extends ExchangeDeps {
  /** The snapshot for one exchange. */
  readonly takeLease: () => SnapshotLease | undefined
  readonly overload: Overload
  /** Gives exchanges their places in traces; absent: nobody is told of any. */
  readonly tracer?: Tracer | undefined
}

interface Beginning {
  readonly origin: TunnelOrigin
  readonly owner: ExchangeOwner
  readonly refusal: OverloadReason | undefined
}

/**
 * An exchange on the snapshot of now, not started yet; `undefined` when none is in force. It is one that only refuses
 * when there is a `refusal`, or no room for another.
 */
export const beginExchange = (head: H1RequestHead, from: Beginning, deps: BeginDeps): OwnedExchange | undefined => {
  const lease = deps.takeLease()
  if (lease === undefined) return undefined
  try {
    return createExchange(head, from, { deps, lease })
  } catch (error) {
    lease.end()
    throw error
  }
}

/** Starts what `beginExchange` has made, once its owner has it: a bug of ours is answered, and harms nobody else. */
export const startExchange = (exchange: OwnedExchange): void => {
  try {
    exchange.start()
  } catch (error) {
    exchange.fail(error)
  }
}

const createExchange = (
  head: H1RequestHead,
  { origin, owner, refusal }: Beginning,
  { deps, lease }: { readonly deps: BeginDeps; readonly lease: SnapshotLease },
): OwnedExchange => {
  const { frontend, parties } = partiesOf(origin, lease.snapshot)
  const record = beginRecord(head, parties, deps.clock)
  const trace = deps.tracer === undefined ? undefined : beginTrace(head, { record, tunnel: origin.traceparent }, deps)
  const reason = refusal ?? deps.overload.refusalOfRequest(origin.load)
  if (reason !== undefined) {
    deps.counters.overloadRefused[reason]++
    return new RefusedExchange(head, { owner, lease, record, reason }, deps)
  }
  const exchange = new HttpExchange(head, { downstream: owner, lease, frontend, record, trace }, deps)
  deps.counters.activeExchanges++
  return exchange
}

/** Who has to do with what comes in a tunnel, as the snapshot has it. */
export const partiesOf = (
  origin: TunnelOrigin,
  snapshot: Snapshot,
): { readonly frontend: Frontend | undefined; readonly parties: Parameters<typeof beginRecord>[1] } => {
  const frontend = findFrontend(snapshot, origin.authority)
  const parties = {
    source: origin.source,
    destination: frontend?.destination ?? origin.destination,
    generation: snapshot.generation,
    telemetry: frontend?.telemetry,
    called: origin.authority,
    httpVersion: origin.httpVersion,
  }
  return { frontend, parties }
}

/** What clients write of traces is read here: whatever is wrong with it, or with us, the request goes on without. */
const beginTrace = (
  head: H1RequestHead,
  { record, tunnel }: { readonly record: ExchangeRecord; readonly tunnel: string | undefined },
  { tracer, onError }: BeginDeps,
): BegunTrace => {
  try {
    return tracer?.begin(head, record, tunnel)
  } catch (error) {
    onError('a request got no place in a trace', error, record.requestId)
    return undefined
  }
}
