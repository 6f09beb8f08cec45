import type { FilterReading } from '../filter/guard/reading.ts'
import type { CertsDocument } from '../identity/report/certs-document.ts'
import type { Issue } from '../lib/decoded.ts'
import type { LogLevel } from '../lib/log.ts'
import type { Condition } from '../model/condition.ts'
import type { Model } from '../model/model.ts'
import type { CommandResult, FilterOrder } from '../proxy/apply/command-filters.ts'
import type { EndpointReading } from '../proxy/balance/health/endpoint-reading.ts'
import type { ComparisonReading } from '../proxy/comparison/comparison-reading.ts'
import type { LimitReading } from '../proxy/balance/limits/service-loads.ts'
import type { Explanation, ExplainQuery } from '../snapshot/explain.ts'
import type { MetricsDump } from '../telemetry/dump.ts'

/** All that this room may ask; with several workers the answers come over IPC, so most are promises. */
export interface AdminDeps {
  /** Why no traffic should be sent here; `undefined` when it may. */
  readonly notReady: () => string | undefined
  /** Metrics of each process; merged here. */
  readonly dumps: () => Promise<readonly MetricsDump[]>
  /** How endpoints are doing in each process; merged here. */
  readonly endpoints: () => Promise<readonly (readonly EndpointReading[])[]>
  /** How Service ports stand with their limits in each process. */
  readonly limits: () => Promise<readonly (readonly LimitReading[])[]>
  /** What comparisons with mirrors have found in each process; merged here. */
  readonly comparisons: () => Promise<readonly (readonly ComparisonReading[])[]>
  /** Asks something of filters; what each said in each process. */
  readonly command: (order: FilterOrder) => Promise<readonly (readonly CommandResult[])[]>
  /** How users' filters do in each process; merged here. */
  readonly filters: () => Promise<readonly (readonly FilterReading[])[]>
  /** Our certificate and whom we trust. */
  readonly certs: () => CertsDocument
  /** What is in force. */
  readonly config: () => Promise<ConfigInForce>
  /** What became of each object, as Kubernetes writes it. */
  readonly statuses: () => Promise<StatusesInForce>
  /** What would become of a request, by the snapshot in force. */
  readonly explain: (query: ExplainQuery) => Promise<Explanation>
  readonly logLevel: () => LogLevel
  readonly setLogLevel: (level: LogLevel) => void
  /** Begins to drain and returns at once; a second call changes nothing. */
  readonly drain: () => void
}

export interface ConfigInForce {
  /** 0 when there was none yet. */
  readonly generation: number
  readonly model: Model | undefined
  readonly conditions: readonly Condition[]
  /** Documents that could not be read. */
  readonly issues: readonly Issue[]
}

export interface StatusesInForce {
  /** 0 when there was none yet. */
  readonly generation: number
  /** Kubernetes objects without their `spec`, made one by one; ready to be shown. */
  readonly items: Iterable<object>
}
