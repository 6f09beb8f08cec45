import type { FastifyBaseLogger } from 'fastify'
import { thrownStack } from '../../lib/errors/thrown-text.ts'
import type { FilterEnv } from '../index.ts'

/** What plugins log, in the log of the waypoint: what of pino they use. */
export class AppLog {
  level = 'info'
  readonly #log: FilterEnv['log']
  readonly #bindings: readonly object[]

  /** `bindings` stand behind each line: whose request it is, say. */
  constructor(log: FilterEnv['log'], bindings: readonly object[] = []) {
    this.#log = log
    this.#bindings = bindings
  }

  trace(...args: readonly unknown[]): void {
    this.#log('debug', this.#line(args))
  }

  debug(...args: readonly unknown[]): void {
    this.#log('debug', this.#line(args))
  }

  info(...args: readonly unknown[]): void {
    this.#log('info', this.#line(args))
  }

  warn(...args: readonly unknown[]): void {
    this.#log('warn', this.#line(args))
  }

  error(...args: readonly unknown[]): void {
    this.#log('error', this.#line(args))
  }

  fatal(...args: readonly unknown[]): void {
    this.#log('error', this.#line(args))
  }

  silent(): void {}

  child(bindings: object = {}): FastifyBaseLogger {
    return new AppLog(this.#log, [...this.#bindings, bindings])
  }

  #line(args: readonly unknown[]): string {
    return [formatArgs(args), ...this.#bindings.map(formatFacts)].filter((part) => part !== '').join(' ')
  }
}

/** As pino takes them: an object with what is known, and a line; or one of them. */
const formatArgs = ([first, second, ...more]: readonly unknown[]): string => {
  if (typeof first === 'string')
    return [first, ...[second, ...more].filter((part) => part !== undefined).map(formatFacts)].join(' ')
  const line = typeof second === 'string' ? second : ''
  const error = errorOf(first)
  const rest = error === undefined ? formatFacts(first) : thrownStack(error)
  return rest.includes(line) ? rest : `${line}: ${rest}`
}

const errorOf = (value: unknown): unknown => {
  if (value instanceof Error) return value
  if (typeof value !== 'object' || value === null) return undefined
  if ('err' in value) return value.err
  return 'error' in value ? value.error : undefined
}

/** Texts and numbers alone: requests and replies have secrets, and are circles. */
const formatFacts = (value: unknown): string =>
  typeof value !== 'object' || value === null
    ? String(value)
    : Object.entries(value)
        .filter(([, part]) => ['string', 'number', 'boolean'].includes(typeof part))
        .map(([name, part]) => `${name}=${String(part)}`)
        .join(' ')
