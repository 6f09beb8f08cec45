/** Ways to collectors past the mesh, by the modules of OpenTelemetry. */
import { diag, DiagLogLevel } from '@opentelemetry/api'
import { ExportResultCode } from '@opentelemetry/core'
import type { IOtlpExportDelegate } from '@opentelemetry/otlp-exporter-base'
import type { IExporterMetricsHelper, ISerializer } from '@opentelemetry/otlp-transformer'
import type { ExporterOptions, OtlpExporter, OtlpReport } from '../exporter.ts'
import { DEFAULT_TIMEOUT_MS, type CollectorFacts } from '../otlp-target.ts'
import type { OtlpSignal, SignalName } from '../otlp-signal.ts'
import { readAnswer, type PartialAnswer } from '../read-answer.ts'
import { isPassingGrpc } from '../send-to-service.ts'
import type { Failure, OutsideTarget } from './messages.ts'

/** Reports on their way at a time; the queue before it has fewer. */
const CONCURRENCY = 16

/** Opens one; nobody is called before there is something to tell. */
export const openOutsideExporter = async ({
  signal,
  target,
  onWarning,
}: ExporterOptions & { readonly target: OutsideTarget }): Promise<OtlpExporter> => {
  const name = nameOf(target)
  listen(onWarning)
  const delegate = target.protocol === 'grpc' ? await openGrpc(signal, target) : await openHttp(signal, target)
  return {
    send: (report) =>
      new Promise((resolve) => {
        delegate.export(report, ({ code, error }) =>
          resolve(
            code === ExportResultCode.SUCCESS
              ? { kind: 'sent' }
              : { kind: 'failed', ...failureOf(error, { name, isGrpc: target.protocol === 'grpc' }) },
          ),
        )
      }),
    close: () => void delegate.shutdown(),
  }
}

/** What its modules have to say, a part that was not taken among it. */
const listen = (onWarning: (message: string) => void): void => {
  const tell = (message: string, ...rest: readonly unknown[]): void =>
    onWarning([message, ...rest].map(String).join(' '))
  const nothing = (): void => {}
  const logger = { error: tell, warn: tell, info: nothing, debug: nothing, verbose: nothing }
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
}

/** Reports are written already. */
const serializerOf = (name: SignalName): ISerializer<OtlpReport, PartialAnswer> => ({
  serializeRequest: ({ bytes }) => bytes,
  deserializeResponse: (answer) => readAnswer(name, answer),
})

const metricsOf = (name: SignalName): IExporterMetricsHelper<OtlpReport> => ({
  name: name === 'TRACES' ? 'span' : 'log',
  countItems: ({ items }) => items,
})

const openGrpc = async (
  { name, method }: OtlpSignal,
  target: OutsideTarget,
): Promise<IOtlpExportDelegate<OtlpReport>> => {
  const base = await import('@opentelemetry/otlp-grpc-exporter-base')
  const { convertLegacyOtlpGrpcOptions, createEmptyMetadata, createInsecureCredentials } = base
  const ofHost = (host: CollectorFacts) => ({
    ...sharedOf(host),
    url: `${host.hostname}:${host.port}`,
    credentials: () => createInsecureCredentials(),
    metadata: () => {
      const metadata = createEmptyMetadata()
      for (const [field, value] of host.headers) metadata.set(field, value)
      return metadata
    },
  })
  const options =
    target.kind === 'host'
      ? ofHost(target)
      : convertLegacyOtlpGrpcOptions(target.url === undefined ? {} : { url: target.url }, name)
  const service = `${name.toLowerCase()}-export`
  return base.createOtlpGrpcExportDelegate(
    options,
    serializerOf(name),
    service,
    metricsOf(name),
    undefined,
    service,
    method,
  )
}

const openHttp = async (
  { name, path }: OtlpSignal,
  target: OutsideTarget,
): Promise<IOtlpExportDelegate<OtlpReport>> => {
  const base = await import('@opentelemetry/otlp-exporter-base/node-http')
  const { convertLegacyHttpOptions, createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } = base
  const type = { 'content-type': 'application/x-protobuf' }
  const ofHost = (host: CollectorFacts) => ({
    ...sharedOf(host),
    url: `http://${host.hostname}:${host.port}${host.path ?? `/${path}`}`,
    headers: () => Promise.resolve({ ...Object.fromEntries(host.headers), ...type }),
    agentFactory: httpAgentFactoryFromOptions({ keepAlive: true }),
  })
  const options =
    target.kind === 'host'
      ? ofHost(target)
      : convertLegacyHttpOptions(target.url === undefined ? {} : { url: urlOf(target.url, path) }, name, path, type)
  const service = `${name.toLowerCase()}-export`
  return createOtlpHttpExportDelegate(options, serializerOf(name), service, metricsOf(name), undefined)
}

/** As with `OTEL_EXPORTER_OTLP_ENDPOINT`, a URL without a path is the root of all signals. */
const urlOf = (url: string, path: string): string => {
  const parsed = new URL(url)
  if (parsed.pathname === '/') parsed.pathname = `/${path}`
  return parsed.href
}

const sharedOf = ({ timeoutMs = DEFAULT_TIMEOUT_MS }: CollectorFacts) =>
  ({ timeoutMillis: timeoutMs, concurrencyLimit: CONCURRENCY, compression: 'none' }) as const

const failureOf = (
  error: Error | undefined,
  { name, isGrpc }: { readonly name: string; readonly isGrpc: boolean },
): Failure => {
  const code = error !== undefined && 'code' in error && typeof error.code === 'number' ? error.code : undefined
  // The exporter for HTTP has tried again by itself.
  const isPassing = isGrpc && code !== undefined && isPassingGrpc(code)
  return { isPassing, message: `${name}: ${error?.message ?? 'no reason is given'}` }
}

/** What the collector is called in messages. */
const nameOf = (target: OutsideTarget): string => {
  if (target.kind === 'environment') return `collector ${target.url ?? 'of OTEL_EXPORTER_OTLP_ENDPOINT'}`
  return `collector ${target.hostname}:${target.port}`
}
