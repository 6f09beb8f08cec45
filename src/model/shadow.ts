import type { Match, ValueMatch } from './match.ts'
import { comparePrecedence, type Ranked } from './precedence.ts'

/** How many of the patterns that may hide others each match is held against. */
const MAX_WIDE = 32

/**
 * Finds, among all matches of one route set, those that can never win: another one takes precedence and fits whenever
 * they do, because it has the same path and conditions, or a regular expression that takes all of the path (`/api/.*`)
 * and no condition that they have not. By the match that is hidden, the one that hides it. What would take more than a
 * comparison of texts to see (two patterns, several matches together) is not found.
 */
export const findShadowed = <T extends Ranked>(set: readonly T[]): ReadonlyMap<T, T> => {
  const keys = set.map(({ match }) => conditionsKey(match))
  const first = new Map<string, T>()
  const wide: T[] = []
  for (const [i, ranked] of set.entries()) {
    const key = keys[i] ?? ''
    const other = first.get(key)
    if (other === undefined || comparePrecedence(ranked, other) < 0) first.set(key, ranked)
    if (allBelow(ranked.match) !== undefined) wide.push(ranked)
  }
  const widest = wide.slice(0, MAX_WIDE)
  const shadowed = new Map<T, T>()
  for (const [i, ranked] of set.entries()) {
    const same = first.get(keys[i] ?? '')
    const winner =
      same !== undefined && comparePrecedence(same, ranked) < 0
        ? same
        : widest.find((other) => comparePrecedence(other, ranked) < 0 && covers(other.match, ranked.match))
    if (winner !== undefined) shadowed.set(ranked, winner)
  }
  return shadowed
}

/** The same text for matches that fit the same requests; what counts for precedence beside that is not in it. */
const conditionsKey = ({ path, method, headers, queryParams }: Match): string => {
  // Most matches have a path and nothing else.
  const isBare = headers.length === 0 && queryParams.length === 0
  const values = isBare ? '' : JSON.stringify([sortedValues(headers), sortedValues(queryParams)])
  return `${values} ${path.type} ${method ?? ''} ${path.value}`
}

const sortedValues = (values: readonly ValueMatch[]): readonly string[] =>
  values.map(({ type, name, value }) => JSON.stringify([name, type, value])).toSorted()

const covers = (wide: Match, narrow: Match): boolean => {
  const start = allBelow(wide)
  if (start === undefined || narrow.path.type === 'RegularExpression' || !narrow.path.value.startsWith(start))
    return false
  const isIn = (values: readonly ValueMatch[]) => (wanted: ValueMatch) =>
    values.some(({ type, name, value }) => type === wanted.type && name === wanted.name && value === wanted.value)
  return (
    (wide.method === undefined || wide.method === narrow.method) &&
    wide.headers.every(isIn(narrow.headers)) &&
    wide.queryParams.every(isIn(narrow.queryParams))
  )
}

/** The text that all paths begin with which a regular expression takes, if it takes them all: `/api/` of `/api/.*`. */
const allBelow = ({ path }: Match): string | undefined =>
  path.type === 'RegularExpression' ? /^([-A-Za-z0-9/_~%]*)\.\*$/.exec(path.value)?.[1] : undefined
