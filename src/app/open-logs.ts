import { hostname } from 'node:os'
import type { Clock } from '../lib/clock.ts'
import { createUuidSource } from '../lib/ids/random-uuid.ts'
import type { Logger } from '../lib/log.ts'
import { version } from '../lib/version.ts'
import type { Model } from '../model/model.ts'
import type { RecordSink } from '../proxy/request/record.ts'
import { createDecisionChoice } from '../telemetry/decisions/choose-decisions.ts'
import { createFlowLog, type FlowOutput } from '../telemetry/flow/flow-log.ts'
import { createAccessLogs } from '../telemetry/log/access-logs.ts'
import type { LogHost } from '../telemetry/log/format/operator-facts.ts'
import { openLineFile } from '../telemetry/log/line-file.ts'
import { createLineQueue } from '../telemetry/log/line-queue.ts'
import { createLineQueues } from '../telemetry/log/line-queues.ts'
import { reportLosses } from '../telemetry/log/report-losses.ts'
import { CollectorLogs } from '../telemetry/log/otlp/collector-logs.ts'
import { queueFlows } from '../telemetry/log/otlp/queue-flows.ts'
import type { ExportCounts } from '../telemetry/otlp/export-queue.ts'
import type { CallService } from '../telemetry/otlp/otlp-target.ts'
import type { PlaneSettings } from './plane.ts'

/** All that is written of single exchanges: access logs and flow records, in files and to collectors. */
export interface PlaneLogs {
  readonly record: RecordSink
  /** Takes note of whom policies of this model name, before it is in force. */
  readonly apply: (model: Pick<Model, 'telemetry'>) => void
  /** Lines that were lost. */
  readonly dropped: () => number
  /** What became of the records for collectors. */
  readonly counts: () => ExportCounts
  /** Resolves when all is written, or after so many milliseconds: who should read may have stopped for good. */
  readonly flush: (patienceMs: number) => Promise<void>
  readonly close: () => void
}

/** What it takes beside the settings. */
export interface PlaneLogDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly host: LogHost
  readonly call: CallService
}

/** Opens them for one process. */
export const openLogs = (settings: PlaneSettings, { clock, log, host, call }: PlaneLogDeps): PlaneLogs => {
  const { accessLog, authzLog, flowLog, tracing } = settings
  const random = Math.random
  const queues = createLineQueues((path) =>
    createLineQueue({ write: openLineFile(path), onDropped: reportLosses({ path, clock, log }) }),
  )
  const { serviceName, resource } = tracing.self
  const collectors = new CollectorLogs({
    ...{ clock, random, log, version, call },
    resource: { 'service.name': serviceName, ...resource, ...tracing.environmentAttributes },
    env: host.environment,
  })
  const accessLogs = createAccessLogs({
    flagged: accessLog,
    ...(authzLog === 'off' ? {} : { tellsDecision: createDecisionChoice(authzLog, random) }),
    queueOf: queues.of,
    openCollector: (provider) => collectors.open(provider, host),
    host,
    random,
  })
  const flowOutput = (path: string): FlowOutput => {
    const { collector } = tracing
    if (path !== 'otlp' || collector === undefined) return queues.of(path)
    return queueFlows(collectors, { kind: 'environment', protocol: collector.protocol, url: collector.url })
  }
  const tellFlow =
    flowLog === undefined
      ? undefined
      : createFlowLog({
          flagged: flowLog,
          output: flowOutput(flowLog.path),
          host: { nodeName: hostname(), uuid: createUuidSource() },
          random,
        })
  return {
    record: (record, exchange) => {
      accessLogs.record(record, exchange)
      tellFlow?.(record, exchange)
    },
    apply: accessLogs.apply,
    dropped: queues.dropped,
    counts: () => collectors.counts(),
    flush: async (patienceMs) => {
      await Promise.all([queues.flush(patienceMs), collectors.flush(patienceMs)])
    },
    close: () => collectors.close(),
  }
}
