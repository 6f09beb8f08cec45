/**
 * Reads a page of OpenMetrics 1.0.0 as strictly as its specification is written down: what a lenient scraper would let
 * pass is an error here.
 */
import { parseLabels } from './prometheus-text.ts'

/** One of those that a sample counts. */
export interface ParsedExemplar {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly timestamp: number | undefined
}

export interface OpenMetricsSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly exemplar: ParsedExemplar | undefined
}

export interface OpenMetricsFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly OpenMetricsSample[]
}

/** Which samples a family of each type may have, by what comes after its name. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  unknown: [''],
  info: ['_info'],
  histogram: ['_bucket', '_sum', '_count', '_created'],
}

const NUMBER = String.raw`[-+]?(?:Inf|\d+(?:\.\d+)?(?:e[-+]?\d+)?)`
const HEAD = /^# (TYPE|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/
const SAMPLE = new RegExp(
  String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})? (${NUMBER})(?: # \{(.*)\} (${NUMBER})(?: (${NUMBER}))?)?$`,
)
/** No backslash but before one of these, and no bare quote. */
const ESCAPED = /^(?:[^"\\]|\\[\\n"])*$/
const MAX_EXEMPLAR_CHARACTERS = 128

interface Reading {
  readonly name: string
  type: string | undefined
  help: string | undefined
  readonly samples: OpenMetricsSample[]
}

/** The families of a page by name; throws at the first thing that the specification forbids. */
export const parseOpenMetrics = (text: string): ReadonlyMap<string, OpenMetricsFamily> => {
  if (!text.endsWith('\n# EOF\n')) throw new Error('the page does not end with # EOF')
  const families = new Map<string, Reading>()
  let current: Reading | undefined
  for (const line of text.slice(0, -'\n# EOF\n'.length).split('\n')) {
    const head = HEAD.exec(line)
    if (head === null) {
      if (current === undefined) throw new Error(`no TYPE before: ${line}`)
      current.samples.push(readSample(line, current))
      continue
    }
    const [, kind = '', name = '', rest = ''] = head
    if (current?.name !== name) {
      if (families.has(name)) throw new Error(`${name} in two places: ${line}`)
      current = { name, type: undefined, help: undefined, samples: [] }
      families.set(name, current)
    }
    addHead(current, kind, rest)
  }
  const whole = new Map(Array.from(families.values(), (family) => [family.name, checkFamily(family)]))
  checkNames([...whole.values()])
  return whole
}

const addHead = (family: Reading, kind: string, rest: string): void => {
  if (family.samples.length > 0) throw new Error(`${kind} of ${family.name} after its samples`)
  if (kind === 'TYPE') {
    if (family.type !== undefined || !(rest in SUFFIXES)) throw new Error(`TYPE of ${family.name}: ${rest}`)
    family.type = rest
  } else {
    if (family.help !== undefined || !ESCAPED.test(rest)) throw new Error(`HELP of ${family.name}: ${rest}`)
    family.help = rest
  }
}

const readSample = (line: string, { name: family, type = '' }: Reading): OpenMetricsSample => {
  const match = SAMPLE.exec(line)
  if (match === null) throw new Error(`not a sample: ${line}`)
  const [, name = '', labels = '', value = '', exemplarLabels, exemplarValue = '', timestamp] = match
  if (!SUFFIXES[type]?.some((suffix) => name === family + suffix)) throw new Error(`${family} is ${type}: ${line}`)
  const exemplar =
    exemplarLabels === undefined
      ? undefined
      : {
          labels: parseLabels(exemplarLabels),
          value: readNumber(exemplarValue),
          timestamp: timestamp === undefined ? undefined : readNumber(timestamp),
        }
  if (exemplar !== undefined) checkExemplar(exemplar, name)
  return { name, labels: parseLabels(labels), value: readNumber(value), exemplar }
}

const checkExemplar = ({ labels }: ParsedExemplar, name: string): void => {
  if (!/_(?:bucket|total)$/.test(name)) throw new Error(`an exemplar of ${name}`)
  const characters = Array.from(Object.entries(labels).flat().join('')).length
  if (characters > MAX_EXEMPLAR_CHARACTERS) throw new Error(`an exemplar of ${characters} characters: ${name}`)
}

const checkFamily = ({ name, type, help, samples }: Reading): OpenMetricsFamily => {
  if (type === undefined || help === undefined) throw new Error(`${name} lacks TYPE or HELP`)
  const seen = new Set<string>()
  let before = ''
  for (const sample of samples) {
    const metric = keyOf(sample.labels)
    const key = `${sample.name} ${metric} ${sample.labels['le'] ?? ''}`
    if (seen.has(key)) throw new Error(`twice: ${key}`)
    seen.add(key)
    if (metric !== before && seen.has(metric)) throw new Error(`${name}: samples of {${metric}} are not together`)
    seen.add(metric)
    before = metric
    if (type === 'counter' && !(sample.value >= 0 && sample.value < Infinity)) throw new Error(`counter ${key}`)
  }
  if (type === 'histogram')
    for (const one of Map.groupBy(samples, ({ labels }) => keyOf(labels)).values()) checkHistogram(one)
  return { name, type, help, samples }
}

/** Labels but `le`, which tell the metrics of a family apart. */
const keyOf = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== 'le')
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )

const checkHistogram = (samples: readonly OpenMetricsSample[]): void => {
  const buckets = samples.filter(({ name }) => name.endsWith('_bucket'))
  let bound = -Infinity
  let count = 0
  for (const { name, labels, value, exemplar } of buckets) {
    const { le = '' } = labels
    if (!/^(?:-?\d+\.\d+|-?\d(?:\.\d+)?e[-+]\d\d+|\+Inf)$/.test(le)) throw new Error(`${name}: le="${le}"`)
    const next = readNumber(le)
    if (!(next > bound) || value < count) throw new Error(`${name}: le="${le}" is out of order`)
    if (exemplar !== undefined && !(exemplar.value > bound && exemplar.value <= next)) {
      throw new Error(`${name}: an exemplar of ${exemplar.value} in le="${le}"`)
    }
    bound = next
    count = value
  }
  if (bound !== Infinity) throw new Error('a histogram without +Inf')
  const total = samples.find(({ name }) => name.endsWith('_count'))
  if (total?.value !== count) throw new Error(`${total?.name ?? 'no _count'}: ${total?.value} of ${count}`)
}

/** No family is called as a sample of another may be. */
const checkNames = (families: readonly OpenMetricsFamily[]): void => {
  const taken = new Map<string, string>()
  for (const { name, type } of families) {
    for (const one of new Set([name, ...(SUFFIXES[type] ?? []).map((suffix) => name + suffix)])) {
      const other = taken.get(one)
      if (other !== undefined) throw new Error(`${one} is of ${other} and of ${name}`)
      taken.set(one, name)
    }
  }
}

const readNumber = (text: string): number => Number(text.replace('Inf', 'Infinity'))
