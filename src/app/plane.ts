import type { FlaggedFlows } from '../telemetry/flow/flow-log.ts'
import type { FlaggedLog } from '../telemetry/log/access-logs.ts'
import type { QuarantineNotice } from '../filter/guard/guard.ts'
import type { FilterReading } from '../filter/guard/reading.ts'
import type { Explanation, ExplainQuery } from '../snapshot/explain.ts'
import type { LogLevel } from '../lib/log.ts'
import type { Model } from '../model/model.ts'
import type { CommandResult, FilterOrder } from '../proxy/apply/command-filters.ts'
import type { EndpointReading } from '../proxy/balance/health/endpoint-reading.ts'
import type { LimitReading } from '../proxy/balance/limits/service-loads.ts'
import type { ComparisonReading } from '../proxy/comparison/comparison-reading.ts'
import type { Deadlines } from '../proxy/limits/deadlines.ts'
import type { OverloadLimits } from '../proxy/overload/overload.ts'
import type { MetricsDump } from '../telemetry/dump.ts'
import type { TracingSettings } from '../telemetry/traces/tracing-settings.ts'

/** What a data plane is told about itself at its start; plain data, since it may go to another process. */
export interface PlaneSettings {
  readonly bind: string
  readonly reusePort: boolean
  readonly trustDomains: readonly string[]
  readonly tlsGroups: string | undefined
  /** The access log that flags ask for; absent: none. */
  readonly accessLog: FlaggedLog | undefined
  /** Flow records; absent: none. */
  readonly flowLog: FlaggedFlows | undefined
  /** Which share of the requests that policies allow has its decision logged, beside all that are denied. */
  readonly authzLog: number | 'off'
  /** What flags and environment say of traces. */
  readonly tracing: TracingSettings
  readonly logLevel: LogLevel
  readonly deadlines: Deadlines
  readonly overload: OverloadLimits
  /** Hosts outside of the mesh that filters may call. */
  readonly filterEgress: readonly string[]
  /** Data-plane processes, which share the memory that there is. */
  readonly workers: number
}

/** The next model to serve. */
export interface ModelChange {
  readonly model: Model
  readonly generation: number
  /** Documents that could not be read, for the metrics. */
  readonly issues: number
}

/** The data plane as the rest of the program sees it, whether it lives in this process or in workers. */
export interface Plane {
  /** Puts a model in force; resolves when every process serves it. */
  readonly apply: (change: ModelChange) => Promise<void>
  /** Starts to take tunnels on `port`, 0 for a free one; resolves to the port. */
  readonly listen: (port: number) => Promise<number>
  /** The metrics of each process. */
  readonly dumps: () => Promise<readonly MetricsDump[]>
  /** How endpoints are doing in each process. */
  readonly endpoints: () => Promise<readonly (readonly EndpointReading[])[]>
  /** How Service ports stand with their limits in each process. */
  readonly limits: () => Promise<readonly (readonly LimitReading[])[]>
  /** What comparisons with mirrors have found in each process. */
  readonly comparisons: () => Promise<readonly (readonly ComparisonReading[])[]>
  /** Asks something of filters; what each said in each process. */
  readonly command: (order: FilterOrder) => Promise<readonly (readonly CommandResult[])[]>
  /** How users' filters do in each process. */
  readonly filters: () => Promise<readonly (readonly FilterReading[])[]>
  /** Takes note of filters that were found to hold the loop or fill the memory of some process. */
  readonly hold: (notices: readonly QuarantineNotice[]) => void
  /** What would become of a request, by the snapshot in force. */
  readonly explain: (query: ExplainQuery) => Promise<Explanation>
  readonly setLogLevel: (level: LogLevel) => void
  /** Resolves when every tunnel has ended, at the latest after `deadlineMs`. */
  readonly drain: (deadlineMs: number) => Promise<void>
  readonly close: () => void
  /** Why it cannot serve at the moment (a worker that is being replaced, say); `undefined` when it can. */
  readonly trouble: () => string | undefined
}
