import type { TryRecord } from '../../../filter/record.ts'
import type { LogFormat } from '../../../model/telemetry/telemetry-provider.ts'
import { formatDecision, type DecisionFields } from '../../decisions/decision-fields.ts'
import { toldGrpcStatus } from '../../meanings/grpc-status.ts'
import { compileLogFormat } from './compile-log-format.ts'
import { bare, cut, quoteAll, quoteJson } from './escape.ts'
import { formatEndpoint } from '../facts.ts'
import type { LogHost } from './operator-facts.ts'
import type { Write } from './steps.ts'
import type { Told } from '../told.ts'

/** Istio's JSON encoding. */
export const jsonFormat: LogFormat = { kind: 'labels', omitsEmpty: false }

/** Makes one line of an exchange, with its `\n`. */
export type LineWriter = (told: Told, decision?: DecisionFields) => string

/**
 * Makes the writer of the lines of an access log: in Istio's JSON (`jsonFormat`) or text (without a format), or as a
 * format says. What is not known is `null` in JSON and `-` in text; secret query parameters, headers and tokens are
 * hidden. `decision` is for those lines that tell of it: a field more, or a column at the end. Istio's JSON has
 * `grpc_status` and `upstream_tries` beside Istio's keys where there is something to tell.
 */
export const createLineWriter = (format: LogFormat | undefined, host: LogHost): LineWriter => {
  const write = compileLogFormat(format, host)
  if (format?.kind !== 'labels') return createTextWriter(write)
  const isIstio = format.labels === undefined
  return (told, decision) => {
    const line = write(told)
    let more = isIstio ? extrasOf(told) : ''
    if (decision !== undefined) more += `,"authorization":${quoteAll(decision)}`
    if (more === '') return `${line}\n`
    return line === '{}' ? `{${more.slice(1)}}\n` : `${line.slice(0, -1)}${more}}\n`
  }
}

const createTextWriter =
  (write: Write): LineWriter =>
  (told, decision) =>
    `${write(told)}${decision === undefined ? '' : ` ${bare(formatDecision(decision))}`}\n`

/** Not Istio's keys. */
const extrasOf = ({ record }: Told): string => {
  let extras = ''
  if (record.protocol === 'grpc') {
    const status = toldGrpcStatus(record)
    extras += `,"grpc_status":${status === '' ? 'null' : quoteJson(cut(status))}`
  }
  if (record.tries.length > 0) extras += `,"upstream_tries":${quoteAll(record.tries.map(formatTry))}`
  return extras
}

/** A try that was given up for another. */
const formatTry = ({ endpoint, status, reason, failure, durationMs }: TryRecord) => ({
  host: formatEndpoint(endpoint) ?? null,
  status: status === 0 ? null : status,
  reason,
  failure: failure === '' ? null : cut(failure),
  duration: Math.round(durationMs),
})
