import { hashPiece } from '../../lib/hash/piece-hash.ts'
import {
  isPathTemplate,
  parsePathTemplate,
  type PathTemplate,
  type TemplatePart,
} from '../../model/security/path-template.ts'
import type { PolicyField } from '../../model/security/authorization.ts'
import type { ConditionPlan, Discriminator, RulePlan } from './policy-plans.ts'
import { isReadApart } from './match/headers.ts'
import { isExact } from './match/texts.ts'

/** A value of a fact; a text may stand here by its hash. */
export type Key = string | number

/** The values of a fact without one of which a rule matches nothing; `undefined` when it may match whatever the fact is. */
export const keysOfRule = ({ from, to, when }: RulePlan, by: Discriminator): readonly Key[] | undefined => {
  const found = [keysOfAll(when, by), keysOfAny(from, by), keysOfAny(to, by)].flatMap((keys) =>
    keys === undefined ? [] : [keys],
  )
  return found.toSorted((a, b) => a.length - b.length)[0]
}

/** Names of the header fields that rules want an exact value of, those that most of them ask for first. */
export const headersOfRules = (rules: readonly RulePlan[]): readonly string[] => {
  const counts = new Map<string, number>()
  for (const { when } of rules) {
    for (const { source } of when) {
      const { field, values } = source
      if (field.kind !== 'request.headers' || isReadApart(field.name) || values.length === 0) continue
      if (values.every(isExact)) counts.set(field.name, (counts.get(field.name) ?? 0) + 1)
    }
  }
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([name]) => name)
}

/** All hold, so that the keys of any of them will do. */
const keysOfAll = (conditions: readonly ConditionPlan[], by: Discriminator): readonly Key[] | undefined =>
  conditions.map((condition) => keysOfCondition(condition, by)).find((keys) => keys !== undefined)

/** One of them holds, so that the keys of all are needed. */
const keysOfAny = (lists: readonly (readonly ConditionPlan[])[], by: Discriminator): readonly Key[] | undefined => {
  const keys = new Set<Key>()
  for (const list of lists) {
    const some = keysOfAll(list, by)
    if (some === undefined) return undefined
    for (const key of some) keys.add(key)
  }
  return lists.length === 0 ? undefined : [...keys]
}

const keysOfCondition = ({ source }: ConditionPlan, by: Discriminator): readonly Key[] | undefined => {
  if (source.values.length === 0) return undefined
  const keys = new Set<Key>()
  for (const value of source.values) {
    const key = keyOfValue(source.field, value, by)
    if (key === undefined) return undefined
    keys.add(key)
  }
  return [...keys]
}

const keyOfValue = (field: PolicyField, value: string, by: Discriminator): Key | undefined => {
  const { kind } = field
  switch (by.kind) {
    case 'principal':
      return kind === 'source.principal' && isExact(value) ? `spiffe://${value}` : undefined
    case 'namespace':
      return namespaceOf(kind, value)
    case 'port':
      return kind === 'destination.port' ? Number(value) : undefined
    case 'path':
      return kind === 'request.path' && isExact(value) && !isPathTemplate(value) ? value : undefined
    case 'method':
      return kind === 'request.method' && isExact(value) ? value : undefined
    case 'host':
      return kind === 'request.host' && isExact(value) ? hashPiece(value, 0, value.length) : undefined
    case 'prefix':
      return kind === 'request.path' ? prefixOf(value) : undefined
    case 'leaf':
      return kind === 'request.path' ? leafOf(value) : undefined
    case 'header':
      return kind === 'request.headers' && field.name === by.name && isExact(value) ? value : undefined
  }
}

const namespaceOf = (kind: PolicyField['kind'], value: string): string | undefined => {
  if (kind === 'source.namespace') return value.includes('*') ? undefined : value
  if (kind === 'source.serviceAccount') return value.slice(0, value.indexOf('/'))
  // Whatever is left open at either end, an identity has but one such part.
  return kind === 'source.principal' ? /^[^/]*\/ns\/([^/*]+)\//.exec(value)?.[1] : undefined
}

/** Where all paths that fit begin, up to a slash that they all have, or to their end. */
const prefixOf = (pattern: string): number | undefined => {
  if (isPathTemplate(pattern)) return wholeSegmentsOf(textOf(parseTemplate(pattern)[0]))
  if (isExact(pattern)) return hashPiece(pattern, 0, pattern.length)
  return pattern.startsWith('*') ? undefined : wholeSegmentsOf(pattern.slice(0, -1))
}

const wholeSegmentsOf = (prefix: string): number | undefined => {
  const end = prefix.lastIndexOf('/')
  return end <= 0 ? undefined : hashPiece(prefix, 0, end)
}

/** The last segment of all paths that fit. */
const leafOf = (pattern: string): number | undefined => {
  if (isPathTemplate(pattern)) return leafOfEnd(textOf(parseTemplate(pattern).at(-1)))
  if (isExact(pattern)) return hashPiece(pattern, pattern.lastIndexOf('/') + 1, pattern.length)
  return pattern.startsWith('*') ? leafOfEnd(pattern.slice(1)) : undefined
}

const leafOfEnd = (suffix: string): number | undefined => {
  const slash = suffix.lastIndexOf('/')
  return slash === -1 ? undefined : hashPiece(suffix, slash + 1, suffix.length)
}

const parseTemplate = (pattern: string): PathTemplate => {
  const template = parsePathTemplate(pattern)
  return typeof template === 'string' ? [] : template
}

const textOf = (part: TemplatePart | undefined): string => (part?.kind === 'text' ? part.text : '')
