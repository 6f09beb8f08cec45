import { version } from '../lib/version.ts'
import { readResourceAttributes, traceSelfOf } from '../telemetry/traces/trace-self.ts'
import type { TracingSettings } from '../telemetry/traces/tracing-settings.ts'
import type { WaypointOptions } from './options.ts'

/** What data planes are told of traces; of the environment it takes what tells of this Pod, and OpenTelemetry's variables. */
export const tracingSettings = (
  {
    tracing,
    gateway,
    clusterDomain,
    trustDomains,
  }: Pick<WaypointOptions, 'tracing' | 'gateway' | 'clusterDomain' | 'trustDomains'>,
  env: NodeJS.ProcessEnv = process.env,
): TracingSettings => ({
  ...tracing,
  self: traceSelfOf(env, { gateway, clusterDomain, trustDomain: trustDomains[0], version }),
  environmentAttributes: readResourceAttributes(env['OTEL_RESOURCE_ATTRIBUTES'] ?? ''),
})
