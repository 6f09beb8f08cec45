/** What would change in an object, as lines that people read. */
import type { KubeJson } from '../../kube/client.ts'
import { escapeControl } from '../../lib/format-issue.ts'
import { isPlainObject } from '../../lib/schema.ts'
import type { Colours } from '../terminal/colours.ts'
import { formatYaml } from '../terminal/print-as.ts'

/** A line of both, of the old one, or of the new one. */
export interface DiffLine {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** What the API server keeps for itself, or fills in whoever writes. */
const ownMetadata: ReadonlySet<string> = new Set([
  ...['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'],
])

/** An object as its writers mean it: without status, and what the API server keeps for itself. */
export const withoutOwnFields = ({ status: _said, metadata, ...rest }: KubeJson): KubeJson => ({
  ...rest,
  // Its name stays.
  metadata: Object.fromEntries(
    Object.entries(metadata).filter(([key]) => !ownMetadata.has(key)),
  ) as KubeJson['metadata'],
})

/** An object as programs want it: all but who wrote which field, and what it is first. */
export const withoutWriters = ({ apiVersion, kind, metadata, spec, ...rest }: KubeJson): KubeJson => {
  const { managedFields: _who, ...others } = metadata
  return { apiVersion, kind, metadata: others, ...(spec === undefined ? {} : { spec }), ...rest }
}

/** The lines of both, those that differ marked; none when nothing does. `before` is absent for what is new. */
export const diffObjects = async (before: KubeJson | undefined, after: KubeJson): Promise<readonly DiffLine[]> => {
  const [old, now] = await Promise.all([before === undefined ? [] : linesOf(before), linesOf(after)])
  const lines = diffLines(old, now)
  return lines.every(({ sign }) => sign === ' ') ? [] : lines
}

const linesOf = async (object: KubeJson): Promise<readonly string[]> =>
  (await formatYaml(sorted(withoutOwnFields(object)))).trimEnd().split('\n')

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isPlainObject(value)) return value
  const rank = (key: string): number => first.indexOf(key) + (first.includes(key) ? 0 : first.length + 1)
  const keys = Object.keys(value).toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]))
}

const first = ['apiVersion', 'kind', 'metadata', 'name', 'namespace']

/** Longer objects are not compared line by line: what is alike at both ends is enough. */
const MAX_CELLS = 4_000_000

/** The longest common lines stay, all others go or come. */
export const diffLines = (before: readonly string[], after: readonly string[]): readonly DiffLine[] => {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail++
  const same = (lines: readonly string[]): readonly DiffLine[] => lines.map((text) => ({ sign: ' ', text }))
  return [
    ...same(before.slice(0, head)),
    ...diffMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ]
}

const diffMiddle = (before: readonly string[], after: readonly string[]): readonly DiffLine[] => {
  const gone = before.map((text): DiffLine => ({ sign: '-', text }))
  const come = after.map((text): DiffLine => ({ sign: '+', text }))
  if (before.length * after.length > MAX_CELLS) return [...gone, ...come]
  // common[i][j]: how many lines are alike behind i and j.
  const common = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0))
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const row = common[i]
      if (row !== undefined)
        row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    const [old, now] = [gone[i], come[j]]
    if (old !== undefined && now !== undefined && old.text === now.text) {
      lines.push({ sign: ' ', text: old.text })
      i++
      j++
    } else if (old !== undefined && (now === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(old)
      i++
    } else if (now !== undefined) {
      lines.push(now)
      j++
    }
  }
  return lines
}

/** As many lines beside a change tell where it is. */
const CONTEXT = 2

/** The changes with what stands beside them, below a title; foreign text is one line each. */
export const formatDiff = (title: string, lines: readonly DiffLine[], colours: Colours): string => {
  const isNear = lines.map((_, at) =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ sign }) => sign !== ' '),
  )
  const paint = { ' ': colours.dim, '-': colours.red, '+': colours.green } as const
  const shown = lines.flatMap(({ sign, text }, at) => {
    if (isNear[at] === true) return [`  ${paint[sign](`${sign} ${escapeControl(text)}`)}\n`]
    return isNear[at - 1] === true && at < lines.length - 1 ? [`  ${colours.dim('  …')}\n`] : []
  })
  return `${colours.bold(title)}\n${shown.join('')}`
}
