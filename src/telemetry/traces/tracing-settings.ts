import type { OtlpProtocol } from '../../model/telemetry/otlp-protocol.ts'
import type { TracingDefaults } from '../../proxy/tracing/trace-plan.ts'
import type { Tags } from './spans/peer-tags.ts'
import type { TraceSelf } from './trace-self.ts'

/** What flags and environment say of traces; plain data, since it may go to another process. */
export interface TracingSettings {
  readonly defaults: TracingDefaults
  /** Who gets the spans for which no policy names a provider; absent: nobody. `url` is absent where the environment has it. */
  readonly collector?: { readonly protocol: OtlpProtocol; readonly url?: string }
  /** How long spans wait for others, in milliseconds: a report that is not full goes out after that. */
  readonly reportDelayMs: number
  readonly self: TraceSelf
  /** Of `OTEL_RESOURCE_ATTRIBUTES`; for collectors of the environment, and providers that want it. */
  readonly environmentAttributes: Tags
}
