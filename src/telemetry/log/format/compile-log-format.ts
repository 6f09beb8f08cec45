import { istioLabels, istioText } from '../../../model/telemetry/log/istio-formats.ts'
import { parseLogFormat, type FormatPart } from '../../../model/telemetry/log/log-format.ts'
import type { LogFormat, LogLabel, LogLabels } from '../../../model/telemetry/telemetry-provider.ts'
import { bare, cut, quotable, quoteJson } from './escape.ts'
import { operatorFact, type LogHost } from './operator-facts.ts'
import type { Fact } from '../told.ts'
import { alone, joinSteady, joinSteps, type Step, type Write } from './steps.ts'

/**
 * Makes the writer of a text: what operators give comes in the place of them, `-` where nothing is known. Nothing is
 * parsed when lines are written. A format that has a fault, of which its object tells, is written as it is.
 */
export const compileText = (text: string, host: LogHost): Write => {
  const parsed = parseLogFormat(text.replace(/\r?\n$/, ''))
  if (!parsed.ok) return () => text
  const steps: Step[] = []
  let isQuoted = false
  for (const part of parsed.parts) {
    if (part.kind === 'text') {
      isQuoted = endsQuoted(part.text, isQuoted)
      const literal = part.text
      steps.push({ read: () => undefined, write: () => literal })
    } else steps.push(compileColumn(part, isQuoted, host))
  }
  return joinSteps(joinSteady(steps))
}

/** Whether quotes are open at the end of a text between operators. */
const endsQuoted = (text: string, isQuoted: boolean): boolean =>
  (text.replace(/\\./g, '').match(/"/g)?.length ?? 0) % 2 === 1 ? !isQuoted : isQuoted

const compileColumn = (
  { name, argument, maxLength }: Extract<FormatPart, { kind: 'operator' }>,
  isQuoted: boolean,
  host: LogHost,
): Step => {
  const { read, kind, isSteady } = operatorFact(name, argument, host)
  const escape = kind === 'foreign' ? (isQuoted ? quotable : bare) : isQuoted && kind === 'own' ? quotable : undefined
  const write = (value: ReturnType<Fact>): string => {
    if (value === undefined || value === '') return '-'
    const text = limit(String(value), maxLength)
    return escape === undefined ? text : escape(text)
  }
  return isSteady ? { read, write } : (told) => write(read(told))
}

const limit = (text: string, maxLength: number | undefined): string =>
  maxLength === undefined ? cut(text) : text.length > maxLength ? text.slice(0, maxLength) : text

/** As `compileText` of one line of JSON, an object with what is under each label. */
export const compileLabels = (labels: LogLabels, omitsEmpty: boolean, host: LogHost): Write => {
  const members = Object.entries(labels)
  if (omitsEmpty) {
    return compileFilled(
      members.map(([name, label]) => [quoteJson(name), alone(compileLabel(label, { omitsEmpty, host, head: '' }))]),
    )
  }
  const steps = members.map(([name, label], index) =>
    compileLabel(label, { omitsEmpty, host, head: `${index === 0 ? '{' : ','}${quoteJson(name)}:` }),
  )
  const write = joinSteps(joinSteady(steps))
  return steps.length === 0 ? () => '{}' : (told) => `${write(told)}}`
}

/** Without those that have nothing to tell. */
const compileFilled =
  (values: readonly (readonly [name: string, write: Write])[]): Write =>
  (told) => {
    const filled: string[] = []
    for (const [name, write] of values) {
      const value = write(told)
      if (value !== 'null' && value !== '""' && value !== '{}') filled.push(`${name}:${value}`)
    }
    return `{${filled.join(',')}}`
  }

/** Where a value of JSON stands. */
interface Place {
  readonly omitsEmpty: boolean
  readonly host: LogHost
  /** What comes before it; written with it, as that is one string less. */
  readonly head: string
}

const compileLabel = (label: LogLabel, place: Place): Step => {
  const { omitsEmpty, host, head } = place
  if (typeof label === 'string') return compileValue(label, place)
  if (typeof label !== 'object') {
    const constant = head + JSON.stringify(label)
    return () => constant
  }
  if (!isList(label)) {
    const write = compileLabels(label, omitsEmpty, host)
    return (told) => head + write(told)
  }
  const items = label.map((item) => alone(compileLabel(item, { ...place, head: '' })))
  return (told) => `${head}[${items.map((item) => item(told)).join(',')}]`
}

const isList = (label: LogLabels | readonly LogLabel[]): label is readonly LogLabel[] => Array.isArray(label)

/** A value that is one operator keeps its type, and is `null` when it is not known; any other is a text. */
const compileValue = (text: string, place: Place): Step => {
  const { host, head } = place
  const parsed = parseLogFormat(text)
  const [only, ...more] = parsed.ok ? parsed.parts : []
  if (only?.kind === 'operator' && more.length === 0) return compileOnly(only, place)
  const whole = parsed.ok ? compileWhole(parsed.parts, host) : () => text
  return (told) => head + quoteJson(whole(told))
}

const compileOnly = (
  { name, argument, maxLength }: Extract<FormatPart, { kind: 'operator' }>,
  { host, head }: Place,
): Step => {
  const { read, kind, isSteady } = operatorFact(name, argument, host)
  const unknown = `${head}null`
  const open = `${head}"`
  const isPlain = kind === 'plain' && maxLength === undefined
  const write = (value: ReturnType<Fact>): string => {
    if (value === undefined || value === '') return unknown
    if (typeof value !== 'string') return head + value
    return isPlain ? `${open}${value}"` : quoteJson(limit(value, maxLength), open)
  }
  return isSteady ? { read, write } : (told) => write(read(told))
}

/** Makes the writer of a text that is quoted as a whole, if at all. */
export const compileWhole = (parts: readonly FormatPart[], host: LogHost): Write =>
  joinSteps(
    parts.map((part): Write => {
      if (part.kind === 'text') return () => part.text
      const { read } = operatorFact(part.name, part.argument, host)
      return (told) => {
        const value = read(told)
        return value === undefined || value === '' ? '-' : limit(String(value), part.maxLength)
      }
    }),
  )

/** Makes the writer of whole lines, without their end; without a format in Istio's text encoding. */
export const compileLogFormat = (format: LogFormat | undefined, host: LogHost): Write => {
  if (format?.kind === 'labels') return compileLabels(format.labels ?? istioLabels, format.omitsEmpty, host)
  return compileText(format?.text ?? istioText, host)
}
