/** As much of PromQL as is needed to see which metrics and labels an expression asks for. */

/** Labels by metric. */
export type KnownMetrics = ReadonlyMap<string, readonly string[]>

const functions = new Set(
  [
    'absent',
    'and',
    'avg',
    'by',
    'count',
    'histogram_quantile',
    'increase',
    'max',
    'min',
    'on',
    'or',
    'rate',
    'sum',
  ].concat(['topk', 'vector']),
)

/** What an expression asks for and is not there: `METRIC`, `METRIC{LABEL}`, `by LABEL`. */
export const findUnknown = (expression: string, known: KnownMetrics): readonly string[] => {
  const unknown: string[] = []
  const asked = new Set<string>()
  // What stands in quotes may be anything.
  const text = expression.replaceAll(/"[^"]*"/g, '""').replaceAll(/\[[^\]]*\]/g, '')
  const withoutGroups = text.replaceAll(/\b(?:by|on) \([^)]*\)/g, ' ')
  for (const [, name = '', selector = ''] of withoutGroups.matchAll(/\b([a-z_]\w*)\s*(?:\{([^}]*)\})?/g)) {
    if (functions.has(name)) continue
    const labels = known.get(name)
    if (labels === undefined) {
      // Labels within braces come with their metric.
      unknown.push(name)
      continue
    }
    for (const label of labels) asked.add(label)
    for (const [, label = ''] of selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) {
      if (!labels.includes(label)) unknown.push(`${name}{${label}}`)
    }
  }
  for (const [, list = ''] of text.matchAll(/\b(?:by|on) \(([^)]*)\)/g)) {
    unknown.push(...list.split(', ').flatMap((label) => (asked.has(label) ? [] : [`by ${label}`])))
  }
  return unknown
}
