/**
 * Opens the way to a collector. This file and what it imports are loaded when somebody is to be told something by OTLP,
 * and never before: the modules of OpenTelemetry take more memory than most snapshots.
 */
import { diag, DiagLogLevel } from '@opentelemetry/api'
import { ExportResultCode } from '@opentelemetry/core'
import type { IOtlpExportDelegate } from '@opentelemetry/otlp-exporter-base'
import type { IExporterMetricsHelper, ISerializer } from '@opentelemetry/otlp-transformer'
import type { SendOutcome } from './export-queue.ts'
import { isPassingGrpc, sendToService } from './send-to-service.ts'
import { DEFAULT_TIMEOUT_MS, type CallService, type CollectorFacts, type OtlpTarget } from './otlp-target.ts'

/** What is reported: spans, or log records. */
export interface OtlpSignal<Items> {
  /** As variables of the environment have it. */
  readonly name: 'TRACES' | 'LOGS'
  readonly serializer: ISerializer<Items, PartialAnswer>
  readonly metrics: IExporterMetricsHelper<Items>
  /** `/opentelemetry.proto.collector.trace.v1.TraceService/Export` */
  readonly method: string
  /** `v1/traces` */
  readonly path: string
}

/** The answer of a collector that has taken a part. */
export interface PartialAnswer {
  readonly partialSuccess?: { readonly errorMessage?: string }
}

/** A way to a collector. */
export interface OtlpExporter<Items> {
  readonly send: (items: Items) => Promise<SendOutcome>
  readonly close: () => void
}

/** What it takes beside. */
export interface ExporterDeps {
  readonly call: CallService
  /** What a collector has to say though it took what it got. */
  readonly onWarning: (message: string) => void
}

/** Reports on their way at a time; the queue before it has fewer. */
const CONCURRENCY = 16

/** Opens it; nobody is called before there is something to tell. */
export const openExporter = async <Items>(
  signal: OtlpSignal<Items>,
  target: OtlpTarget,
  deps: ExporterDeps,
): Promise<OtlpExporter<Items>> => {
  const name = nameOf(target)
  if (target.kind === 'service') return exporterThroughMesh(signal, target, { ...deps, name })
  listen(deps.onWarning)
  const delegate = target.protocol === 'grpc' ? await openGrpc(signal, target) : await openHttp(signal, target)
  return {
    send: (items) =>
      new Promise((resolve) => {
        delegate.export(items, ({ code, error }) =>
          resolve(
            code === ExportResultCode.SUCCESS
              ? { kind: 'sent' }
              : failureOf(error, { name, isGrpc: target.protocol === 'grpc' }),
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

const exporterThroughMesh = <Items>(
  { serializer, method, path }: OtlpSignal<Items>,
  target: Extract<OtlpTarget, { kind: 'service' }>,
  { call, onWarning, name }: ExporterDeps & { readonly name: string },
): OtlpExporter<Items> => {
  const at = target.protocol === 'grpc' ? method : (target.path ?? `/${path}`)
  return {
    send: async (items) => {
      const report = serializer.serializeRequest(items)
      if (report === undefined) return { kind: 'failed', isPassing: false, message: `${name}: nothing to send` }
      const answer = await sendToService(report, { target, at }, call)
      if (!answer.ok) return { kind: 'failed', isPassing: answer.isPassing, message: `${name}: ${answer.why}` }
      const { partialSuccess } = readAnswer(serializer, answer.message)
      // Without any word all was taken.
      if ((partialSuccess?.errorMessage ?? '') !== '') onWarning(`${name}: ${partialSuccess?.errorMessage}`)
      return { kind: 'sent' }
    },
    close: () => {},
  }
}

/** It took what it got, whatever it may have said of it. */
const readAnswer = <Items>(serializer: OtlpSignal<Items>['serializer'], message: Buffer): PartialAnswer => {
  try {
    return serializer.deserializeResponse(message)
  } catch {
    return {}
  }
}

type OutsideTarget = Exclude<OtlpTarget, { kind: 'service' }>

const openGrpc = async <Items>(
  { name, serializer, metrics, method }: OtlpSignal<Items>,
  target: OutsideTarget,
): Promise<IOtlpExportDelegate<Items>> => {
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
  return base.createOtlpGrpcExportDelegate(options, serializer, service, metrics, undefined, service, method)
}

const openHttp = async <Items>(
  { name, serializer, metrics, path }: OtlpSignal<Items>,
  target: OutsideTarget,
): Promise<IOtlpExportDelegate<Items>> => {
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
  return createOtlpHttpExportDelegate(options, serializer, `${name.toLowerCase()}-export`, metrics, undefined)
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
): SendOutcome => {
  const code = error !== undefined && 'code' in error && typeof error.code === 'number' ? error.code : undefined
  // The exporter for HTTP has tried again by itself.
  const isPassing = isGrpc && code !== undefined && isPassingGrpc(code)
  return { kind: 'failed', isPassing, message: `${name}: ${error?.message ?? 'no reason is given'}` }
}

/** What the collector is called in messages. */
const nameOf = (target: OtlpTarget): string => {
  if (target.kind === 'environment') return `collector ${target.url ?? 'of OTEL_EXPORTER_OTLP_ENDPOINT'}`
  return `collector ${target.hostname}:${target.port}`
}
