import type { Decoded, Issue } from '../../../lib/decoded.ts'
import { joinPath } from '../../../lib/field-path.ts'
import * as s from '../../../lib/schema.ts'
import { findFormatFault } from '../../../model/telemetry/log/log-format.ts'
import type { LogFormat, LogLabel, LogLabels } from '../../../model/telemetry/telemetry-provider.ts'

/** Deeper than any log is, and shallow enough to be gone through. */
const MAX_DEPTH = 16

const EXPECTED = 'a text with operators like "%RESPONSE_CODE%", or an object of such'

const decodeLabel = (value: unknown, path: string, depth: number): Decoded<LogLabel> => {
  if (depth > MAX_DEPTH) {
    return s.failure({ message: 'wrong value', path, found: 'more below', expected: `at most ${MAX_DEPTH} levels` })
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return { ok: true, value }
  if (Array.isArray(value)) {
    return s.collect(value.map((item: unknown, index) => decodeLabel(item, `${path}[${index}]`, depth + 1)))
  }
  return s.isPlainObject(value)
    ? decodeLabels(value, path, depth)
    : s.failure({ message: 'wrong value', path, found: s.formatFound(value), expected: EXPECTED })
}

const decodeLabels = (
  value: Readonly<Record<string, unknown>>,
  path: string,
  depth: number,
): Decoded<Readonly<Record<string, LogLabel>>> => {
  const keys = Object.keys(value)
  const decoded = s.collect(keys.map((key) => decodeLabel(value[key], joinPath(path, key), depth + 1)))
  if (!decoded.ok) return decoded
  return { ok: true, value: Object.fromEntries(decoded.value.map((item, index) => [keys[index] ?? '', item])) }
}

/** The keys of a log with what stands there. */
export const logLabelsSchema: s.Schema<LogLabels> = {
  decode: (value, path) =>
    s.isPlainObject(value)
      ? decodeLabels(value, path, 0)
      : s.failure({ message: 'wrong value', path, found: s.formatFound(value), expected: 'an object' }),
  json: { type: 'object' },
}

/** What is wrong with a format that is at `path`: which operator, where, and what to write in its place. */
export const checkLogFormat = (format: LogFormat, path: string): readonly Issue[] => {
  const fault = findFormatFault(format)
  if (fault === undefined) return []
  const at = fault.label === undefined ? path : `${path}.${fault.label}`
  return [{ message: `column ${fault.column}: ${fault.message}`, path: at }]
}

/** `logFormat` of a provider; its operators are looked at when it is known what the format is for. */
export const logFormatFields = { text: s.optional(s.string({ minLength: 1 })), labels: s.optional(logLabelsSchema) }
