import type { TracingProvider } from '../../model/telemetry/telemetry-provider.ts'
import type { OtlpTarget } from './otlp-target.ts'

/** Where a provider's collector is; `env` has the values of headers that are taken from there. */
export const targetOf = (
  { collector, http, headers, timeoutMs }: Pick<TracingProvider, 'collector' | 'http' | 'headers' | 'timeoutMs'>,
  env: Readonly<Record<string, string | undefined>>,
): OtlpTarget => {
  const { hostname, port, endpoints } = collector
  const facts = {
    protocol: http === undefined ? 'grpc' : 'http/protobuf',
    hostname,
    port,
    headers: headers.flatMap((header): readonly (readonly [string, string])[] => {
      const value = header.kind === 'value' ? header.value : env[header.variable]
      return value === undefined ? [] : [[header.name, value]]
    }),
    ...(http === undefined ? {} : { path: http.path }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  } as const
  return endpoints === undefined ? { kind: 'host', ...facts } : { kind: 'service', endpoints, ...facts }
}
