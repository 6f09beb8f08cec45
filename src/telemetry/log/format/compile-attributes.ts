import { parseLogFormat } from '../../../model/telemetry/log/log-format.ts'
import type { LogLabel, LogLabels } from '../../../model/telemetry/telemetry-provider.ts'
import { compileWhole } from './compile-log-format.ts'
import { cut } from './escape.ts'
import { operatorFact, type LogHost } from './operator-facts.ts'
import type { Fact, Told } from '../told.ts'

/** Values by name, as attributes of a record of a log have them. */
export type LogAttributes = Readonly<Record<string, string | number | boolean>>

/**
 * As `compileLabels` for a record whose attributes have types: a value that is one operator keeps its own, and is left out
 * when it is not known. Labels inside others are joined by dots, those of lists have their numbers.
 */
export const compileAttributes = (labels: LogLabels, host: LogHost): ((told: Told) => LogAttributes) => {
  const facts = flatten(labels, '', host)
  return (told) => {
    const attributes: Record<string, string | number | boolean> = {}
    for (const [name, read] of facts) {
      const value = read(told)
      if (value !== undefined && value !== '') attributes[name] = typeof value === 'string' ? cut(value) : value
    }
    return attributes
  }
}

const flatten = (
  labels: LogLabels | readonly LogLabel[],
  path: string,
  host: LogHost,
): readonly (readonly [name: string, read: Fact])[] =>
  Object.entries(labels).flatMap(([key, label]: [string, LogLabel]): readonly (readonly [string, Fact])[] => {
    const name = path === '' ? key : `${path}.${key}`
    if (typeof label === 'string') return [[name, factOf(label, host)]]
    return typeof label === 'object' ? flatten(label, name, host) : [[name, () => label]]
  })

const factOf = (text: string, host: LogHost): Fact => {
  const parsed = parseLogFormat(text)
  if (!parsed.ok) return () => text
  const [only, ...more] = parsed.parts
  if (only?.kind !== 'operator' || more.length > 0) return compileWhole(parsed.parts, host)
  const { read } = operatorFact(only.name, only.argument, host)
  const { maxLength } = only
  if (maxLength === undefined) return read
  return (told) => {
    const value = read(told)
    return typeof value === 'string' ? value.slice(0, maxLength) : value
  }
}
