import { defaultPropagation } from '../../../src/http/tracing/trace-fields.ts'
import type { ExchangeRecord } from '../../../src/filter/record.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { TracingDefaults } from '../../../src/proxy/tracing/trace-plan.ts'
import { Tracer } from '../../../src/proxy/tracing/tracer.ts'
import { createLogHost } from '../../../src/telemetry/log/log-host.ts'
import { TraceExports } from '../../../src/telemetry/traces/trace-exports.ts'
import { traceSelfOf } from '../../../src/telemetry/traces/trace-self.ts'
import type { TracingSettings } from '../../../src/telemetry/traces/tracing-settings.ts'
import { Collector } from './collector.ts'

/** What clients decide counts, and nobody else's exchanges are traced. */
export const defaults: TracingDefaults = {
  hasCollector: true,
  ratio: 0,
  followsParent: true,
  reportsErrors: false,
  propagation: defaultPropagation,
}

/** This process, as tags of policies have it. */
export const host = createLogHost({ hostname: 'here', environment: {} })

/** What tells a collector of exchanges. */
export interface Telling {
  readonly collector: Collector
  readonly exports: TraceExports
  readonly tracer: Tracer
  readonly logs: string[]
  /** Tells of what the mesh has recorded, all at once. */
  readonly tell: (records: readonly ExchangeRecord[]) => Promise<void>
}

/** Opens it; `stack` closes all of it. */
export const startTelling = async (
  stack: AsyncDisposableStack,
  some: Partial<TracingDefaults> = {},
  { url, protocol = 'grpc' }: { readonly url?: string; readonly protocol?: 'grpc' | 'http/protobuf' } = {},
): Promise<Telling> => {
  const collector = stack.use(await Collector.start())
  const port = protocol === 'grpc' ? collector.grpcPort : collector.httpPort
  const settings: TracingSettings = {
    defaults: { ...defaults, ...some },
    collector: { protocol, url: url ?? `http://127.0.0.1:${port}` },
    reportDelayMs: 1000,
    self: traceSelfOf(
      { POD_NAMESPACE: 'shop', POD_NAME: 'waypoint-1', INSTANCE_IP: '10.0.0.9', CLUSTER_ID: 'Kubernetes' },
      {
        gateway: { namespace: 'shop', name: 'waypoint' },
        clusterDomain: 'cluster.local',
        trustDomain: 'td',
        version: '1',
      },
    ),
    environmentAttributes: { 'deployment.environment': 'test' },
  }
  const logs: string[] = []
  const exports = new TraceExports({
    settings,
    clock: systemClock,
    random: Math.random,
    log: { warn: (message) => logs.push(message) },
    version: '1',
    host,
    call: () => Promise.reject(new Error('nobody is called')),
  })
  stack.defer(() => exports.close())
  await exports.prepare({})
  const tell = async (records: readonly ExchangeRecord[]): Promise<void> => {
    for (const record of records) exports.record(record)
    await exports.flush(10_000)
  }
  return { collector, exports, tracer: new Tracer(settings.defaults, Math.random), logs, tell }
}
