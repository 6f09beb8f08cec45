/** Extension providers that something is told: the metrics, log lines and spans of a waypoint. */
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import type {
  Collector,
  FileLogProvider,
  OtelLogProvider,
  ProviderHeader,
  TelemetryProvider,
  TracingProvider,
} from '../../../model/telemetry/telemetry-provider.ts'
import { portNumber } from '../kind.ts'
import { fieldName } from '../token.ts'
import { positiveDuration } from './duration.ts'
import { logFormatFields } from './log-format.ts'
import { providerService } from './provider-service.ts'

/** New fields of Istio's must not make a whole MeshConfig unreadable: they are named as of no effect. */
const lenient = { unknownFields: 'ignore' } as const

const header = s.refine(
  s.object({
    name: fieldName,
    value: s.optional(s.string({ pattern: /[\t\x20-\x7e]*/, describe: 'a header value', secret: true })),
    envName: s.optional(s.string({ minLength: 1 })),
  }),
  ({ value, envName }, path): readonly Issue[] => {
    if ((value === undefined) !== (envName === undefined)) return []
    const found = value === undefined ? 'nothing' : 'value and envName'
    return [{ message: 'wrong value', path, found, expected: 'either value or envName' }]
  },
)

const headers = s.withDefault(s.array(header), [])

const opentelemetry = s.refine(
  s.object(
    {
      service: providerService,
      port: portNumber,
      maxTagLength: s.optional(s.integer({ min: 1, max: 65_536 })),
      http: s.optional(
        s.object(
          {
            path: s.withDefault(
              s.string({ pattern: /\/[^\s?#\\]*/, describe: 'a path that begins with /' }),
              '/v1/traces',
            ),
            timeout: s.optional(positiveDuration),
            headers,
          },
          lenient,
        ),
      ),
      grpc: s.optional(s.object({ timeout: s.optional(positiveDuration), initialMetadata: headers }, lenient)),
      resourceDetectors: s.optional(s.object({ environment: s.optional(s.anything()) }, lenient)),
    },
    lenient,
  ),
  ({ http, grpc }, path): readonly Issue[] =>
    http === undefined || grpc === undefined
      ? []
      : [{ message: 'wrong value', path: `${path}.grpc`, found: 'http and grpc', expected: 'only one of them' }],
)

const filePath = s.string({ pattern: /\/[^\0]*/, describe: 'an absolute path like /dev/stdout' })

const envoyFileAccessLog = s.object(
  {
    path: s.withDefault(filePath, '/dev/stdout'),
    logFormat: s.optional(
      s.refine(s.object(logFormatFields), ({ text, labels }, path): readonly Issue[] =>
        text === undefined || labels === undefined
          ? []
          : [{ message: 'wrong value', path, found: 'text and labels', expected: 'only one of them' }],
      ),
    ),
    omitEmptyValues: s.withDefault(s.boolean(), false),
  },
  lenient,
)

const envoyOtelAls = s.object(
  {
    service: providerService,
    port: portNumber,
    logName: s.optional(s.string({ minLength: 1 })),
    logFormat: s.optional(s.object(logFormatFields)),
  },
  lenient,
)

/** The fields of an entry of `extensionProviders` that say what it is; an entry has at most one of them, or of others. */
export const telemetryFields = {
  prometheus: s.optional(s.anything()),
  opentelemetry: s.optional(opentelemetry),
  envoyFileAccessLog: s.optional(envoyFileAccessLog),
  envoyOtelAls: s.optional(envoyOtelAls),
}

/** Istio's other kinds, and what to name in their stead. */
export const unsupportedFields: Readonly<Record<string, string>> = {
  datadog: 'opentelemetry: Datadog’s agent takes OTLP',
  envoyHttpAls: 'envoyOtelAls or envoyFileAccessLog',
  envoyTcpAls: 'envoyOtelAls or envoyFileAccessLog',
  lightstep: 'opentelemetry',
  opencensus: 'opentelemetry',
  skywalking: 'opentelemetry: SkyWalking’s OAP takes OTLP',
  stackdriver: 'opentelemetry, envoyOtelAls or prometheus',
  zipkin: 'opentelemetry: a collector can hand spans on to Zipkin',
}

type Entry = { readonly [K in keyof typeof telemetryFields]?: s.ValueOf<(typeof telemetryFields)[K]> }

/** The provider that an entry of that name is; `undefined` for one of which nothing is known. */
export const telemetryProviderOf = (
  name: string,
  entry: Entry,
  others: readonly string[],
): TelemetryProvider | undefined => {
  const { prometheus, opentelemetry: spans, envoyFileAccessLog: file, envoyOtelAls: records } = entry
  if (prometheus !== undefined) return { kind: 'prometheus', name }
  if (spans !== undefined) return tracingProvider(name, spans)
  if (file !== undefined) return fileProvider(name, file)
  if (records !== undefined) return otelLogProvider(name, records)
  const field = others.find((other) => Object.hasOwn(unsupportedFields, other))
  return field === undefined ? undefined : { kind: 'unsupported', name, field }
}

const collectorOf = ({ service, port }: s.ValueOf<typeof envoyOtelAls>): Collector => ({
  ...(service.namespace === undefined ? {} : { namespace: service.namespace }),
  hostname: service.hostname,
  port,
})

const headerOf = ({ name, value, envName }: s.ValueOf<typeof header>): ProviderHeader =>
  envName === undefined
    ? { kind: 'value', name: name.toLowerCase(), value: value ?? '' }
    : { kind: 'environment', name: name.toLowerCase(), variable: envName }

const tracingProvider = (name: string, written: s.ValueOf<typeof opentelemetry>): TracingProvider => {
  const { http, grpc, maxTagLength, resourceDetectors } = written
  const timeoutMs = http?.timeout ?? grpc?.timeout
  return {
    kind: 'opentelemetry',
    name,
    collector: collectorOf(written),
    ...(http === undefined ? {} : { http: { path: http.path } }),
    headers: (http?.headers ?? grpc?.initialMetadata ?? []).map(headerOf),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    detectsEnvironment: resourceDetectors?.environment !== undefined,
    ...(maxTagLength === undefined ? {} : { maxTagLength }),
  }
}

const fileProvider = (name: string, written: s.ValueOf<typeof envoyFileAccessLog>): FileLogProvider => {
  const { path, logFormat, omitEmptyValues: omitsEmpty } = written
  const { text, labels } = logFormat ?? {}
  const provider = { kind: 'file-log', name, path } as const
  if (labels !== undefined) return { ...provider, format: { kind: 'labels', labels, omitsEmpty } }
  return text === undefined ? provider : { ...provider, format: { kind: 'text', text } }
}

const otelLogProvider = (name: string, written: s.ValueOf<typeof envoyOtelAls>): OtelLogProvider => {
  const { logName, logFormat } = written
  const whole = {
    kind: 'otel-log',
    name,
    collector: collectorOf(written),
    ...(logName === undefined ? {} : { logName }),
  } as const
  return logFormat === undefined ? whole : { ...whole, format: logFormat }
}
