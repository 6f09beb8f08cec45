import type { Destination, Source } from '../../filter/record.ts'
import type { H1RequestHead } from '../../http/h1/message.ts'
import { findFrontend } from '../../snapshot/resolve.ts'
import { HttpExchange } from '../exchange.ts'
import type { SnapshotLease } from '../leases.ts'
import type { Overload } from '../overload/overload.ts'
import type { OverloadReason } from '../overload/overload-reason.ts'
import { RefusedExchange } from '../overload/refused-exchange.ts'
import type { SourceLoad } from '../overload/source-load.ts'
import type { ExchangeOwner, OwnedExchange } from './exchange-owner.ts'
import type { ExchangeDeps } from './exchange-parts.ts'
import type { Tracer } from '../tracing/tracer.ts'
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

/**
 * An exchange on the snapshot of now, not started yet; `undefined` when none is in force. It is one that only refuses
 * when there is a `refusal`, or no room for another.
 */
export const beginExchange = (
  head: H1RequestHead,
  from: {
    readonly origin: TunnelOrigin
    readonly owner: ExchangeOwner
    readonly refusal: OverloadReason | undefined
  },
  deps: BeginDeps,
): OwnedExchange | undefined => {
  const lease = deps.takeLease()
  if (lease === undefined) return undefined
  const { origin, owner } = from
  const { snapshot } = lease
  const frontend = findFrontend(snapshot, origin.authority)
  const parties = {
    source: origin.source,
    destination: frontend?.destination ?? origin.destination,
    generation: snapshot.generation,
    telemetry: frontend?.telemetry,
    called: origin.authority,
    httpVersion: origin.httpVersion,
  }
  const record = beginRecord(head, parties, deps.clock)
  const trace = deps.tracer?.begin(head.headers, record, origin.traceparent)
  const reason = from.refusal ?? deps.overload.refusalOfRequest(origin.load)
  if (reason !== undefined) {
    deps.counters.overloadRefused[reason]++
    return new RefusedExchange(head, { owner, lease, record, reason }, deps)
  }
  deps.counters.activeExchanges++
  return new HttpExchange(head, { downstream: owner, lease, frontend, record, trace }, deps)
}
