/** The flags that say what is told of requests, and where. */
import { resolve as resolvePath } from 'node:path'
import type { WaypointOptions } from '../app/options.ts'
import { logLabelsSchema } from '../config/objects/mesh-config/log-format.ts'
import { findFilterFault, type TextFault } from '../model/telemetry/check-expression.ts'
import { findFormatFault } from '../model/telemetry/log/log-format.ts'
import type { LogFormat } from '../model/telemetry/telemetry-provider.ts'
import type { FlaggedLog } from '../telemetry/log/access-logs.ts'
import { decodeChoice, usageError, type FlagTable, type FlagValues } from './arguments.ts'

export const logFlags = {
  'access-log': {
    type: 'string',
    default: 'off',
    value: 'json|text|off',
    help: 'a line for each request or connection; default off',
  },
  'access-log-file': {
    type: 'string',
    value: 'PATH',
    help: 'where lines go, /dev/stdout by default; opened anew when it was renamed',
  },
  'access-log-format': {
    type: 'string',
    value: 'FORMAT',
    help: "with Envoy's operators, a text or a JSON object: '%START_TIME% %REQ(:PATH)% %RESPONSE_CODE%'",
  },
  'access-log-filter': {
    type: 'string',
    value: 'CEL',
    help: "which requests have a line: 'response.code >= 400 || sample(0.01)'",
  },
  'flow-log': {
    type: 'string',
    value: 'PATH|otlp|off',
    help: "who talked to whom, in Hubble's fields, a line of JSON each: a file, /dev/stdout, or otlp; default off",
  },
  'flow-log-filter': {
    type: 'string',
    value: 'CEL',
    help: "which of them have a flow record: 'sample(0.1)'; default all",
  },
  'authz-log': {
    type: 'string',
    value: 'SHARE|off',
    help: 'log decisions of AuthorizationPolicies: all that deny, this share of the others; default 0.01 with an access log, else off',
  },
} as const satisfies FlagTable

type LogFlags = FlagValues<typeof logFlags>

/** Of the requests that policies allow, where there is an access log. */
const DECISIONS_LOGGED = 0.01

/** Reads them; `cwd` is what paths are relative to, `hasCollector` whether flags or environment name one. */
export const decodeLogFlags = (
  flags: LogFlags,
  { cwd, hasCollector }: { readonly cwd: string; readonly hasCollector: boolean },
): Pick<WaypointOptions, 'accessLog' | 'authzLog' | 'flowLog'> => ({
  accessLog: decodeAccessLog(flags, cwd),
  flowLog: decodeFlowLog(flags, { cwd, hasCollector }),
  authzLog: decodeAuthzLog(flags['authz-log'], flags['access-log']),
})

const decodeAccessLog = (flags: LogFlags, cwd: string): FlaggedLog | undefined => {
  const encoding = decodeChoice('access-log', flags['access-log'], ['json', 'text', 'off'])
  const { 'access-log-format': format, 'access-log-filter': filter, 'access-log-file': file } = flags
  if (encoding === 'off') {
    const idle = Object.entries({ format, filter, file }).find(([, value]) => value !== undefined)
    if (idle === undefined) return undefined
    throw usageError(`--access-log-${idle[0]} has no effect without an access log`, 'add --access-log json, or text')
  }
  if (filter !== undefined) refuse('access-log-filter', findFilterFault(filter))
  return {
    path: file === undefined ? '/dev/stdout' : resolvePath(cwd, file),
    format: encoding === 'json' ? decodeLabels(format) : decodeText(format),
    filter,
  }
}

const decodeFlowLog = (
  { 'flow-log': path = 'off', 'flow-log-filter': filter }: LogFlags,
  { cwd, hasCollector }: { readonly cwd: string; readonly hasCollector: boolean },
): WaypointOptions['flowLog'] => {
  if (path === 'off') {
    if (filter === undefined) return undefined
    throw usageError('--flow-log-filter has no effect without flow records', 'add --flow-log /dev/stdout, or a file')
  }
  if (path === 'otlp' && !hasCollector) {
    throw usageError(
      '--flow-log otlp needs a collector',
      'name it with --otlp-endpoint, or OTEL_EXPORTER_OTLP_ENDPOINT',
    )
  }
  if (filter !== undefined) refuse('flow-log-filter', findFilterFault(filter))
  return { path: path === 'otlp' ? path : resolvePath(cwd, path), filter }
}

const refuse = (flag: string, fault: (TextFault & { readonly label?: string }) | undefined): void => {
  if (fault === undefined) return
  const where = fault.label === undefined ? '' : ` of ${fault.label}`
  throw usageError(`--${flag}, column ${fault.column}${where}: ${fault.message}`, 'see docs/concepts/access-log.md')
}

const decodeText = (text: string | undefined): LogFormat | undefined => {
  if (text === undefined) return undefined
  const format = { kind: 'text', text } as const
  refuse('access-log-format', findFormatFault(format))
  return format
}

const decodeLabels = (text: string | undefined): LogFormat => {
  if (text === undefined) return { kind: 'labels', omitsEmpty: false }
  const labels = logLabelsSchema.decode(parseJson(text), '')
  if (!labels.ok) throw usageError('--access-log-format is no JSON object of texts', EXAMPLE)
  const format = { kind: 'labels', labels: labels.value, omitsEmpty: false } as const
  refuse('access-log-format', findFormatFault(format))
  return format
}

const EXAMPLE = `with --access-log json write '{"code":"%RESPONSE_CODE%"}', or choose --access-log text`

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** By hand: a share is no whole number. */
const decodeAuthzLog = (text: string | undefined, accessLog: string): number | 'off' => {
  if (text === undefined) return accessLog === 'off' ? 'off' : DECISIONS_LOGGED
  if (text === 'off') return 'off'
  if (/^(?:0|1|0?\.\d{1,6}|1\.0)$/.test(text)) return Number(text)
  throw usageError(
    `--authz-log ${JSON.stringify(text)} is no share from 0 to 1`,
    'write 0.01 for one request in a hundred, or off',
  )
}
