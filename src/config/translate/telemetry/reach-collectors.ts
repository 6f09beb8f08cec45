import type { ModelTelemetry } from '../../../model/telemetry/telemetry-policy.ts'
import type { TelemetryProvider } from '../../../model/telemetry/telemetry-provider.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import type { TranslateOptions } from '../options.ts'
import { findProviderService } from '../security/provider-service.ts'
import type { ProviderScope } from '../security/providers.ts'

/**
 * Finds the Services of collectors among the objects, so that they are reached through the mesh; `want` is told of the
 * ports. One that is not there is left to be looked up by name: telemetry closes nothing.
 */
export const reachCollectors = (
  telemetry: ModelTelemetry | undefined,
  scope: ProviderScope & Pick<TranslateOptions, 'clusterDomain' | 'rootNamespace'>,
  want: (service: ServiceObject, port: ServicePortObject) => void,
): ModelTelemetry | undefined => {
  if (telemetry === undefined) return undefined
  const reach = (provider: TelemetryProvider): TelemetryProvider => {
    if (provider.kind !== 'opentelemetry' && provider.kind !== 'otel-log') return provider
    const { collector, name } = provider
    const found = findProviderService({ name, ...collector }, scope)
    if ('fault' in found) return provider
    if (found.at !== undefined) want(...found.at)
    return { ...provider, collector: { ...collector, endpoints: found.endpoints } }
  }
  return { ...telemetry, providers: telemetry.providers.map(reach) }
}
