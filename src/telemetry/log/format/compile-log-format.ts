import { istioLabels, istioText } from '../../../model/telemetry/log/istio-formats.ts'
import { parseLogFormat, type FormatPart } from '../../../model/telemetry/log/log-format.ts'
import type { LogFormat, LogLabel, LogLabels } from '../../../model/telemetry/telemetry-provider.ts'
import { bare, cut, quotable, quoteJson } from './escape.ts'
import { operatorFact, type LogHost } from './operator-facts.ts'
import type { Told } from '../told.ts'

/** Makes a piece of a line. */
export type Write = (told: Told) => string

/**
 * Makes the writer of a text: what operators give comes in the place of them, `-` where nothing is known. Nothing is
 * parsed when lines are written. A format that has a fault, of which its object tells, is written as it is.
 */
export const compileText = (text: string, host: LogHost): Write => {
  const parsed = parseLogFormat(text.replace(/\r?\n$/, ''))
  if (!parsed.ok) return () => text
  const steps: Write[] = []
  let isQuoted = false
  for (const part of parsed.parts) {
    if (part.kind === 'text') {
      isQuoted = endsQuoted(part.text, isQuoted)
      const literal = part.text
      steps.push(() => literal)
    } else steps.push(compileColumn(part, isQuoted, host))
  }
  return joinSteps(steps)
}

const joinSteps =
  (steps: readonly Write[]): Write =>
  (told) => {
    let line = ''
    for (let i = 0; i < steps.length; i++) line += steps[i]?.(told) ?? ''
    return line
  }

/** Whether quotes are open at the end of a text between operators. */
const endsQuoted = (text: string, isQuoted: boolean): boolean =>
  (text.replace(/\\./g, '').match(/"/g)?.length ?? 0) % 2 === 1 ? !isQuoted : isQuoted

const compileColumn = (
  { name, argument, maxLength }: Extract<FormatPart, { kind: 'operator' }>,
  isQuoted: boolean,
  host: LogHost,
): Write => {
  const { read, kind } = operatorFact(name, argument, host)
  const escape = kind === 'foreign' ? (isQuoted ? quotable : bare) : isQuoted && kind === 'own' ? quotable : undefined
  return (told) => {
    const value = read(told)
    if (value === undefined || value === '') return '-'
    const text = limit(String(value), maxLength)
    return escape === undefined ? text : escape(text)
  }
}

const limit = (text: string, maxLength: number | undefined): string =>
  maxLength === undefined ? cut(text) : text.length > maxLength ? text.slice(0, maxLength) : text

/** As `compileText` of one line of JSON, an object with what is under each label. */
export const compileLabels = (labels: LogLabels, omitsEmpty: boolean, host: LogHost): Write => {
  const values = Object.entries(labels).map(
    ([name, label]) => [quoteJson(name), compileLabel(label, omitsEmpty, host)] as const,
  )
  if (omitsEmpty) return compileFilled(values)
  const steps = values.map(([name, write], index): [head: string, write: Write] => [
    `${index === 0 ? '' : ','}${name}:`,
    write,
  ])
  return (told) => {
    let line = '{'
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]
      if (step !== undefined) line += step[0] + step[1](told)
    }
    return `${line}}`
  }
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

const compileLabel = (label: LogLabel, omitsEmpty: boolean, host: LogHost): Write => {
  if (typeof label === 'string') return compileValue(label, host)
  if (typeof label !== 'object') {
    const constant = JSON.stringify(label)
    return () => constant
  }
  if (!isList(label)) return compileLabels(label, omitsEmpty, host)
  const items = label.map((item) => compileLabel(item, omitsEmpty, host))
  return (told) => `[${items.map((item) => item(told)).join(',')}]`
}

const isList = (label: LogLabels | readonly LogLabel[]): label is readonly LogLabel[] => Array.isArray(label)

/** A value that is one operator keeps its type, and is `null` when it is not known; any other is a text. */
const compileValue = (text: string, host: LogHost): Write => {
  const parsed = parseLogFormat(text)
  const [only, ...more] = parsed.ok ? parsed.parts : []
  if (only?.kind === 'operator' && more.length === 0) return compileOnly(only, host)
  const whole = parsed.ok ? compileWhole(parsed.parts, host) : () => text
  return (told) => quoteJson(whole(told))
}

const compileOnly = (
  { name, argument, maxLength }: Extract<FormatPart, { kind: 'operator' }>,
  host: LogHost,
): Write => {
  const { read, kind } = operatorFact(name, argument, host)
  const isPlain = kind === 'plain'
  return (told) => {
    const value = read(told)
    if (value === undefined || value === '') return 'null'
    if (typeof value !== 'string') return `${value}`
    if (isPlain && maxLength === undefined) return `"${value}"`
    return quoteJson(limit(value, maxLength))
  }
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
