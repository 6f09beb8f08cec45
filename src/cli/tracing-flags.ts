/** The flags that say who is told of traces, and how many there are. */
import type { TracingOptions } from '../app/options.ts'
import { propagators, type Propagator } from '../http/tracing/remote-context.ts'
import { defaultPropagation, type Propagation } from '../http/tracing/trace-fields.ts'
import { otlpProtocols, type OtlpProtocol } from '../model/telemetry/otlp-protocol.ts'
import { usageError, type FlagTable, type FlagValues } from './arguments.ts'
import type { Terminal } from './verb.ts'

export const tracingFlags = {
  'otlp-endpoint': {
    type: 'string',
    value: 'URL',
    help: 'collector of spans where no Telemetry object names one: http://otel:4317; default: env OTEL_EXPORTER_OTLP_ENDPOINT, else none',
  },
  'otlp-protocol': {
    type: 'string',
    value: 'PROTOCOL',
    choices: otlpProtocols,
    help: 'grpc or http/protobuf; default: env OTEL_EXPORTER_OTLP_PROTOCOL, else http/protobuf at port 4318 or with a path, else grpc',
  },
  'trace-sampling': {
    type: 'string',
    value: 'PERCENT',
    help: 'of requests that no client has decided about, 0 to 100; default: env OTEL_TRACES_SAMPLER, else 1',
  },
  'trace-errors': {
    type: 'boolean',
    help: 'report requests that fail although they were not chosen',
  },
  'trace-propagators': {
    type: 'string',
    value: 'LIST',
    help: 'tracecontext, b3, b3multi, joined by commas: those read, and written; default: env OTEL_PROPAGATORS, else all read, the first written beside what came',
  },
} as const satisfies FlagTable

type Flags = FlagValues<typeof tracingFlags>
type Environment = Terminal['env']

const DEFAULT_PERCENT = 1
/** OpenTelemetry's, and Envoy's. */
const DEFAULT_DELAY_MS = 5000
const MAX_DELAY_MS = 60_000

/**
 * What flags and OpenTelemetry's variables come to; throws `CliError` (64) for flags and addresses that cannot be meant. A word or a
 * number of a variable that is not known is warned of, and is as if it were not set: platforms put such variables into all
 * of their pods (OpenTelemetry's "Environment Variable Specification").
 */
export const decodeTracing = (
  flags: Flags,
  env: Environment,
  warn: (message: string) => void = () => {},
): TracingOptions => {
  const collector = collectorOf(flags, env, warn)
  const { ratio, followsParent } = samplerOf(flags['trace-sampling'], env, warn)
  return {
    ...(collector === undefined ? {} : { collector }),
    defaults: {
      hasCollector: collector !== undefined,
      ratio,
      followsParent,
      reportsErrors: flags['trace-errors'],
      propagation: propagationOf(flags['trace-propagators'], env, warn),
    },
    reportDelayMs: delayOf(env, warn),
  }
}

/** A text that is given, and from where; an empty variable is one that is not there. */
interface Given {
  readonly text: string
  readonly source: string
}

const given = (flag: string, text: string | undefined, env: Environment, ...names: string[]): Given | undefined => {
  if (text !== undefined) return { text, source: `--${flag}` }
  for (const name of names) {
    const value = env[name]?.trim() ?? ''
    if (value !== '') return { text: value, source: name }
  }
  return undefined
}

const collectorOf = (flags: Flags, env: Environment, warn: Warn): TracingOptions['collector'] => {
  const isDisabled = env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true'
  const isOff = isDisabled || isWithoutExporter(env, warn)
  const names = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']
  const endpoint = given('otlp-endpoint', flags['otlp-endpoint'], env, ...names)
  const protocol = protocolOf(flags, env, warn)
  if (endpoint === undefined || (isOff && endpoint.source !== '--otlp-endpoint')) return undefined
  const url = urlOf(endpoint)
  const isHttp = url.port === '4318' || url.pathname !== '/'
  const told = protocol ?? (isHttp ? 'http/protobuf' : 'grpc')
  // What the environment says is read by the exporter, by the rules that OpenTelemetry has for it.
  return endpoint.source === '--otlp-endpoint' ? { protocol: told, url: endpoint.text } : { protocol: told }
}

/** By `OTEL_TRACES_EXPORTER`, which may be a list. */
const isWithoutExporter = (env: Environment, warn: Warn): boolean => {
  const written = given('', undefined, env, 'OTEL_TRACES_EXPORTER')
  if (written === undefined) return false
  const { known, unknown } = wordsOf(written.text, ['otlp', 'none'])
  const whatElse = 'only otlp and none are known, and a collector can hand spans on to whatever else there is'
  for (const word of unknown) ignore({ ...written, text: word }, whatElse, warn)
  return known.includes('none') && !known.includes('otlp')
}

/** The words of a list, in small letters. */
const wordsOf = <Word extends string>(
  text: string,
  words: readonly Word[],
): { readonly known: readonly Word[]; readonly unknown: readonly string[] } => {
  const known: Word[] = []
  const unknown: string[] = []
  for (const part of text.split(',').map((word) => word.trim())) {
    const word = words.find((name) => name === part.toLowerCase())
    if (word !== undefined) known.push(word)
    else if (part !== '') unknown.push(part)
  }
  return { known, unknown }
}

const ignore = ({ text, source }: Given, why: string, warn: Warn): void => {
  warn(`${source} ${JSON.stringify(text)} is taken as not set: ${why}`)
}

/** Of a word that is none of those that are known: a flag cannot be meant, a variable is as if it were not set. */
const refuse = (word: Given, { write, wanted }: Record<'write' | 'wanted', string>, warn: Warn): void => {
  if (!word.source.startsWith('--')) return ignore(word, `${wanted} is wanted`, warn)
  throw usageError(`${word.source} ${JSON.stringify(word.text)} is not supported`, `write ${write}`)
}

const urlOf = ({ text, source }: Given): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '') return url
  throw usageError(
    `${source} ${JSON.stringify(text)} is no URL of a collector`,
    'write http://otel-collector.observability:4317, or https:// with TLS',
  )
}

const protocolOf = (flags: Flags, env: Environment, warn: Warn): OtlpProtocol | undefined => {
  const names = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']
  const written = given('otlp-protocol', flags['otlp-protocol'], env, ...names)
  const isOfFlag = flags['otlp-protocol'] !== undefined
  const protocol = otlpProtocols.find((name) => name === (isOfFlag ? written?.text : written?.text.toLowerCase()))
  if (written === undefined || protocol !== undefined) return protocol
  const wanted = otlpProtocols.join(' or ')
  refuse(written, { write: wanted, wanted }, warn)
  return undefined
}

interface Sampler {
  /** 0 to 1 */
  readonly ratio: number
  readonly followsParent: boolean
}

type Warn = (message: string) => void

const samplerOf = (percent: string | undefined, env: Environment, warn: Warn): Sampler => {
  if (percent !== undefined) return { ratio: percentOf(percent) / 100, followsParent: true }
  const written = given('', undefined, env, 'OTEL_TRACES_SAMPLER')
  const fallback: Sampler = { ratio: DEFAULT_PERCENT / 100, followsParent: true }
  if (written === undefined) return fallback
  const name = written.text.toLowerCase()
  const followsParent = name.startsWith('parentbased_')
  switch (name.replace(/^parentbased_/, '')) {
    case 'always_on':
      return { ratio: 1, followsParent }
    case 'always_off':
      return { ratio: 0, followsParent }
    case 'traceidratio':
      return { ratio: ratioOf(env, warn), followsParent }
    default:
      ignore(written, 'always_on, always_off or traceidratio is wanted, or one of them behind parentbased_', warn)
      return fallback
  }
}

const delayOf = (env: Environment, warn: Warn): number => {
  const name = 'OTEL_BSP_SCHEDULE_DELAY'
  const written = given('', undefined, env, name)
  if (written === undefined) return DEFAULT_DELAY_MS
  const number = /^\d{1,5}$/.test(written.text) ? Number(written.text) : Infinity
  if (number <= MAX_DELAY_MS) return number
  const wanted = `a whole number of milliseconds from 0 to ${MAX_DELAY_MS}`
  warn(`${name} ${JSON.stringify(written.text)} is not ${wanted}: spans wait ${DEFAULT_DELAY_MS} ms for others`)
  return DEFAULT_DELAY_MS
}

const ratioOf = (env: Environment, warn: Warn): number => {
  const name = 'OTEL_TRACES_SAMPLER_ARG'
  const written = given('', undefined, env, name)
  const ratio = written === undefined ? 1 : decimalOf(written.text)
  if (ratio <= 1) return ratio
  warn(`${name} ${JSON.stringify(written?.text)} is not a number from 0 to 1: it is taken as not set, which is 1`)
  return 1
}

const percentOf = (text: string): number => {
  const number = decimalOf(text)
  if (number <= 100) return number
  throw usageError(`--trace-sampling ${JSON.stringify(text)} is no number from 0 to 100`)
}

/** Infinite for what is none. */
const decimalOf = (text: string): number => (/^\d{1,3}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Infinity)

const propagationOf = (flag: string | undefined, env: Environment, warn: Warn): Propagation => {
  const written = given('trace-propagators', flag, env, 'OTEL_PROPAGATORS')
  if (written === undefined) return defaultPropagation
  // Whatever comes in `baggage` goes on in any case.
  const { known, unknown } = wordsOf(written.text, [...propagators, 'baggage', 'none'])
  if (known.includes('none')) return { reads: [], writes: [] }
  const forms = propagators.join(', ')
  const wanted = { write: `${forms}, or none`, wanted: `${forms}, or none,` }
  for (const text of unknown) refuse({ ...written, text }, wanted, warn)
  if (known.length === 0) return defaultPropagation
  const used = known.filter((name): name is Propagator => name !== 'baggage' && name !== 'none')
  return { reads: used, writes: used }
}
