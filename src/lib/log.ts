import type { Clock } from './clock.ts'
import { hideSecrets, isSecretName, HIDDEN } from './secrets/hide-secrets.ts'

/** From the most to the least talkative; `off` silences everything but `event`. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'off'] as const

export type LogLevel = (typeof logLevels)[number]

/**
 * Further facts of a line; values must survive JSON. An `Error` is written as its message, code and cause; with its stack
 * when it is of a kind that only a bug throws (`TypeError`, …), and at the level `debug`. Never secrets: what shows as
 * one, or is called one, is hidden all the same.
 */
export type LogFields = Readonly<Record<string, unknown>>

/** The program's own log: one JSON object per line, `{"time":…,"level":…,"message":…,…fields}`. */
export interface Logger {
  readonly debug: (message: string, fields?: LogFields) => void
  readonly info: (message: string, fields?: LogFields) => void
  readonly warn: (message: string, fields?: LogFields) => void
  readonly error: (message: string, fields?: LogFields) => void
  /** A line that other programs wait for (`{"event":"ready",…}`): written at every level, `event` in place of `message`. */
  readonly event: (name: string, fields?: LogFields) => void
  readonly level: () => LogLevel
  readonly setLevel: (level: LogLevel) => void
}

export interface LoggerOptions {
  /** Gets whole lines with their `\n`: `(text) => process.stderr.write(text)`. */
  readonly write: (line: string) => void
  readonly level: LogLevel
  readonly clock: Pick<Clock, 'nowMs'>
}

/** The text as a log level, or `undefined` when it is none. */
export const decodeLogLevel = (text: string): LogLevel | undefined => logLevels.find((level) => level === text)

/** A logger whose level can change while it runs. */
export const createLogger = (options: LoggerOptions): Logger => {
  const { write, clock } = options
  let threshold = logLevels.indexOf(options.level)
  const format = (head: Readonly<Record<string, string>>, fields: LogFields | undefined): string =>
    formatLine(head, fields, logLevels[threshold] === 'debug' ? writeWithStacks : writeValue)

  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (logLevels.indexOf(level) < threshold) return
      write(format({ time: formatTime(clock.nowMs()), level, message }, fields))
    }

  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    event: (event, fields) => write(format({ time: formatTime(clock.nowMs()), level: 'info', event }, fields)),
    level: () => logLevels[threshold] ?? 'info',
    setLevel: (level) => {
      threshold = logLevels.indexOf(level)
    },
  }
}

const formatTime = (ms: number): string => new Date(ms).toISOString()

type WriteValue = (key: string, value: unknown) => unknown

/** A field never replaces one of the line's own keys: a reader can trust `level` and `message`. */
const formatLine = (
  head: Readonly<Record<string, string>>,
  fields: LogFields | undefined,
  writeField: WriteValue,
): string => {
  const line: Record<string, unknown> = { ...head }
  for (const [key, value] of Object.entries(fields ?? {})) if (!(key in head)) line[key] = value
  try {
    return `${JSON.stringify(line, writeField)}\n`
  } catch (error) {
    // A cycle in a field is a bug of the caller, but losing the message to it would hide the next one.
    return `${JSON.stringify({ ...head, unloggable: String(error) }, writeField)}\n`
  }
}

const writeValue: WriteValue = (key, value) => replaceForJson(key, value, isBug(value))

const writeWithStacks: WriteValue = (key, value) => replaceForJson(key, value, true)

const replaceForJson = (key: string, value: unknown, withStack: boolean): unknown => {
  if (typeof value === 'string') return value !== '' && isSecretName(key) ? HIDDEN : hideSecrets(value)
  if (typeof value === 'bigint') return value.toString()
  if (!(value instanceof Error)) return value
  const code: unknown = 'code' in value ? value.code : undefined
  return { message: value.message, code, ...(withStack ? { stack: value.stack } : {}), cause: value.cause }
}

/** What the language throws by itself; Node's own errors (`ERR_INVALID_ARG_TYPE`) are of these kinds as well. */
const isBug = (value: unknown): boolean =>
  value instanceof TypeError ||
  value instanceof RangeError ||
  value instanceof ReferenceError ||
  value instanceof SyntaxError
