import { parseArgs } from 'node:util'
import { DURATION_FORM, formatDuration, parseDuration } from '../lib/duration.ts'
import { errorCode } from '../lib/errors/error-code.ts'
import { nearestWord } from '../lib/nearest.ts'
import { exitCodes } from './exit-codes.ts'
import type { FlagSpec, FlagTable } from './flag-table.ts'
import { CliError } from './verb.ts'

/** They stand with the verbs, which everything here knows. */
export type { FlagSpec, FlagTable } from './flag-table.ts'

/** What the flags of a table come to; without `multiple` the last one wins. */
export type FlagValues<Flags extends FlagTable> = {
  readonly [Name in keyof Flags]: Flags[Name] extends { readonly type: 'boolean' }
    ? boolean
    : Flags[Name] extends { readonly multiple: true }
      ? readonly string[]
      : Flags[Name] extends { readonly default: string }
        ? string
        : string | undefined
}

export interface ParsedArguments<Flags extends FlagTable> {
  readonly flags: FlagValues<Flags>
  readonly positionals: readonly string[]
}

/**
 * Reads a verb's arguments. Throws `CliError` (64) for an unknown flag, with the one that was probably meant, for a
 * value too many or too few, and for more positional arguments than `maxPositionals` (default 0).
 */
export const parseArguments = <const Flags extends FlagTable>(
  args: readonly string[],
  flags: Flags,
  maxPositionals = 0,
): ParsedArguments<Flags> => {
  try {
    const parsed = parseArgs({
      args: joinNumbers(args, flags),
      options: toOptions(flags),
      allowPositionals: true,
      strict: true,
    })
    const surplus = parsed.positionals[maxPositionals]
    if (surplus !== undefined) throw usageError(`unexpected argument ${JSON.stringify(surplus)}`)
    // `parseArgs` was given exactly the flags of the table, so that its values have these types once defaults are in.
    return { flags: withDefaults(parsed.values, flags) as FlagValues<Flags>, positionals: parsed.positionals }
  } catch (error) {
    throw error instanceof CliError ? error : explain(error, flags)
  }
}

/** A wrong command line; `next` defaults to nothing, the program adds a pointer to the help. */
export const usageError = (message: string, next?: string): CliError => new CliError(exitCodes.usage, message, { next })

/** A whole number in a flag's value; throws a usage error otherwise. */
export const decodeInteger = (
  flag: string,
  text: string,
  range: { readonly min: number; readonly max: number },
): number => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= range.min && value <= range.max) return value
  throw usageError(`--${flag} ${JSON.stringify(text)} is not a whole number from ${range.min} to ${range.max}`)
}

/** Milliseconds of a duration in a flag's value, `0` where it is `0s`; throws a usage error for what is none. */
export const decodeDuration = (flag: string, text: string): number => {
  const durationMs = parseDuration(text)
  if (durationMs === undefined) throw usageError(`--${flag} ${JSON.stringify(text)} is not ${DURATION_FORM}`)
  if (durationMs <= MAX_DURATION_MS) return durationMs
  throw usageError(
    `--${flag} ${text} is longer than ${formatDuration(MAX_DURATION_MS)}`,
    'write 0s for no deadline at all',
  )
}

/** Timers of the platform reach no further: 2^31 ms. */
const MAX_DURATION_MS = 24 * 86_400_000

/** One of several words in a flag's value; throws a usage error otherwise. */
export const decodeChoice = <Choice extends string>(flag: string, text: string, choices: readonly Choice[]): Choice => {
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) throw usageError(`--${flag} ${JSON.stringify(text)} is none of ${choices.join(', ')}`)
  return choice
}

/** The flags as aligned lines for `--help`. */
export const formatFlags = (flags: FlagTable): string => {
  const all = Object.entries({ ...flags, help: { type: 'boolean', short: 'h', help: 'print this' } satisfies FlagSpec })
  const rows = all.map(([name, spec]: [string, FlagSpec]) => {
    const short = spec.short === undefined ? '    ' : `-${spec.short}, `
    return [`${short}--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`, spec.help] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`).join('\n')
}

/** A number below 0 behind a flag is its value: none is the name of a flag. */
const joinNumbers = (args: readonly string[], flags: FlagTable): string[] => {
  const joined: string[] = []
  const end = args.includes('--') ? args.indexOf('--') : args.length
  for (const [index, arg] of args.entries()) {
    const before = joined.at(-1) ?? ''
    const spec = before.startsWith('--') ? flags[before.slice(2)] : undefined
    if (index < end && spec?.type === 'string' && /^-\d/.test(arg)) joined[joined.length - 1] = `${before}=${arg}`
    else joined.push(arg)
  }
  return joined
}

type ParseOptions = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>

const toOptions = (flags: FlagTable): ParseOptions =>
  Object.fromEntries(
    Object.entries(flags).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short === undefined ? {} : { short }), ...(multiple === undefined ? {} : { multiple }) },
    ]),
  )

const withDefaults = (values: Readonly<Record<string, unknown>>, flags: FlagTable): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(flags).map(([name, spec]) => {
      const absent = spec.type === 'boolean' ? false : spec.multiple === true ? [] : spec.default
      return [name, values[name] ?? absent]
    }),
  )

const explain = (error: unknown, flags: FlagTable): CliError => {
  const message = error instanceof Error ? error.message : String(error)
  if (errorCode(error) === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') return explainValue(message, flags)
  if (errorCode(error) !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return usageError(message.split('\n')[0] ?? message)
  const [flag = ''] = /--?[^'\s]+/.exec(message) ?? []
  const near = nearestWord(flag.replace(/^-+/, ''), Object.keys(flags))
  return usageError(`unknown flag ${flag}`, near === undefined ? undefined : `did you mean --${near}?`)
}

/** Of a value that is missing, or one too many; Node tells by the message alone which of them it is. */
const explainValue = (message: string, flags: FlagTable): CliError => {
  const [option = ''] = /(?<=')-[^']*(?=')/.exec(message) ?? []
  const [flag = ''] = /--?[^\s,]+$/.exec(option.replace(/ <value>$/, '')) ?? []
  const name = Object.keys(flags).find((one) => flag === `--${one}` || flag === `-${flags[one]?.short ?? ''}`)
  const spec: FlagSpec | undefined = name === undefined ? undefined : flags[name]
  if (spec?.type !== 'string') return usageError(`${flag} does not take a value`, 'leave out = and what is behind it')
  const what = spec.value ?? 'VALUE'
  return usageError(`${flag} has no value`, `write --${name} ${what}, or --${name}=${what} where it begins with -`)
}
