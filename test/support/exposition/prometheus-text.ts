/** One sample of a metrics page. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A metrics page, read as strictly as the text format 0.0.4 is written down. */
export interface MetricsPage {
  readonly samples: readonly Sample[]
  readonly types: ReadonlyMap<string, string>
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([-+]?(?:Inf|\d+(?:\.\d+)?(?:e[-+]?\d+)?))$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/y

/** Reads a page and throws at the first thing that Prometheus would stumble over. */
export const parseMetrics = (text: string): MetricsPage => {
  if (!text.endsWith('\n')) throw new Error('the page does not end with a line feed')
  const types = new Map<string, string>()
  const samples: Sample[] = []
  const seen = new Set<string>()
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (type?.[1] !== undefined) {
      if (types.has(type[1])) throw new Error(`second TYPE of ${type[1]}`)
      types.set(type[1], type[2] ?? '')
      continue
    }
    const sample = parseSample(line)
    const base = sample.name.replace(/_(bucket|sum|count)$/, '')
    if (!types.has(sample.name) && types.get(base) !== 'histogram') throw new Error(`no TYPE before: ${line}`)
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`
    if (seen.has(key)) throw new Error(`twice: ${line}`)
    seen.add(key)
    samples.push(sample)
  }
  return { samples, types }
}

const parseSample = (line: string): Sample => {
  const match = SAMPLE.exec(line)
  if (match === null) throw new Error(`not a sample: ${line}`)
  const [, name = '', labelText = '', value = ''] = match
  return { name, labels: parseLabels(labelText), value: Number(value.replace('Inf', 'Infinity')) }
}

/** What stands between braces; throws where a name comes twice or something is not escaped. */
export const parseLabels = (text: string): Readonly<Record<string, string>> => {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const label = LABEL.exec(text)
    if (label?.[1] === undefined || label[1] in labels) throw new Error(`bad labels: ${text}`)
    labels[label[1]] = (label[2] ?? '').replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
  }
  return labels
}
