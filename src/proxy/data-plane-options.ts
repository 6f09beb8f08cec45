import type { FilterMetrics } from '../filter/env/filter-metrics.ts'
import type { FilterHost } from '../filter/env/instance-env.ts'
import type { Filter, FilterDefinition } from '../filter/index.ts'
import type { ExchangeRecord } from '../filter/record.ts'
import type { CredentialSource } from '../identity/credentials.ts'
import type { TlsSettings } from '../identity/tls.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { FilterModule, FilterSpec } from '../model/filter-spec.ts'
import type { Counters } from './counters.ts'
import type { RecordSink } from './request/record.ts'
import type { ModuleStore } from './apply/module-store.ts'
import type { Lending, OpenSiblings } from './filter-calls/lend-env.ts'
import type { Deadlines } from './limits/deadlines.ts'
import type { OverloadLimits } from './overload/overload.ts'
import type { Tracer } from './tracing/tracer.ts'
import type { FetchText } from './security/jwt/keys/fetch-text.ts'

/** What is done about the filters of users. */
export interface UserFilterHost extends Pick<FilterHost, 'guard' | 'enterCreate' | 'isHeld'> {
  /** As `FilterHost.isolate`; the environment in the thread is tied to the one here by `link`. */
  readonly isolate?: (spec: FilterSpec, module: FilterModule, link: Lending['link']) => Filter
  readonly modules: ModuleStore
}

/** What a data plane is made with. */
export interface DataPlaneOptions {
  readonly credentials: CredentialSource
  /** Ours first, then aliases: peers of these are let in. */
  readonly trustDomains: readonly string[]
  readonly tls: TlsSettings
  readonly filters: readonly FilterDefinition[]
  /** Where filters keep their metrics; default: where nobody reads them. */
  readonly filterMetrics?: FilterMetrics
  /** Hosts outside of the mesh that filters may call; default none. */
  readonly filterEgress?: readonly string[]
  /** How filters reach those of the same configuration in other processes; default: there are none. */
  readonly openSiblings?: OpenSiblings | undefined
  /** What is done about the filters of users; default: there are none, and those of a model are closed. */
  readonly filterHost?: UserFilterHost
  readonly clock: Clock
  readonly log: Logger
  /** Gets each exchange once, when it is over. */
  readonly sink: RecordSink
  /** Gets what goes on for long, connections and gRPC calls, about once a second; default: nobody wants to know. */
  readonly progress?: (record: ExchangeRecord) => void
  /** Gives exchanges their places in traces; default: nobody is told of any. */
  readonly tracer?: Tracer | undefined
  readonly bind: string
  /** Several processes listen on the same port. */
  readonly reusePort: boolean
  readonly counters?: Counters
  /** How long peers may keep us waiting; default `defaultDeadlines`. */
  readonly deadlines?: Deadlines
  /** HBONE connections at a time; default 10,000. */
  readonly maxConnections?: number
  /** Received bytes that may wait in all (see `ByteBudget`); default 64 MiB, or an eighth of a small container. */
  readonly bufferBytes?: number
  /** Requests under way and tunnels at a time, and how long requests may wait; defaults as `OverloadLimits` has them. */
  readonly overload?: OverloadLimits
  /** What this process may use; default: all that the container has. */
  readonly memoryBytes?: number
  /** Frees all that can be freed, and stops everything for 50 ms: for when memory is short. */
  readonly collectAll?: () => void
  /** Collections of V8's whole heap so far. */
  readonly fullCollections?: () => number
  /** Frees what large reads leave behind (see `Flusher`); without it that is left to V8. */
  readonly collectYoung?: () => void
  /** How long compiling may hold the loop at a time; default 2 ms. */
  readonly compileSliceMs?: number
  /** Where HBONE endpoints listen; default 15008. */
  readonly upstreamHbonePort?: number
  /** How keys of issuers are got; default: over HTTP. */
  readonly fetchText?: FetchText
}
