import { parsePathTemplate, isPathTemplate } from '../../model/security/path-template.ts'
import type { ConditionPlan, Discriminator, RulePlan } from './policy-plans.ts'
import { isExact } from './match/texts.ts'
import type { RequestFacts } from './request-facts.ts'

type Key = string | number

/** The values of a fact without one of which a rule matches nothing; `undefined` when it may match whatever the fact is. */
export const keysOfRule = ({ from, to, when }: RulePlan, by: Discriminator): readonly Key[] | undefined => {
  const found = [keysOfAll(when, by), keysOfAny(from, by), keysOfAny(to, by)].flatMap((keys) =>
    keys === undefined ? [] : [keys],
  )
  return found.toSorted((a, b) => a.length - b.length)[0]
}

/** The fact itself, as `keysOfRule` writes it; allocates nothing. */
export const keyOfFacts = (facts: RequestFacts, by: Discriminator): Key | undefined => {
  const { request, source } = facts
  switch (by) {
    case 'principal':
      return source.principal
    case 'namespace':
      return source.namespace
    case 'port':
      return facts.destinationPort
    case 'path':
      return request?.path
    case 'method':
      return request?.method
    case 'host':
      return request === undefined ? undefined : hashOf(request.authority, 0, request.authority.length)
    case 'segment':
      return request === undefined ? undefined : hashOf(request.path, 1, endOfSegment(request.path))
  }
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
    const key = keyOfValue(source.field.kind, value, by)
    if (key === undefined) return undefined
    keys.add(key)
  }
  return [...keys]
}

const keyOfValue = (
  kind: ConditionPlan['source']['field']['kind'],
  value: string,
  by: Discriminator,
): Key | undefined => {
  switch (by) {
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
      return kind === 'request.host' && isExact(value) ? hashOf(value, 0, value.length) : undefined
    case 'segment':
      return kind === 'request.path' ? segmentOf(value) : undefined
  }
}

const namespaceOf = (kind: ConditionPlan['source']['field']['kind'], value: string): string | undefined => {
  if (kind === 'source.namespace') return value.includes('*') ? undefined : value
  if (kind === 'source.serviceAccount') return value.slice(0, value.indexOf('/'))
  // Whatever is left open at either end, an identity has but one such part.
  return kind === 'source.principal' ? /^[^/]*\/ns\/([^/*]+)\//.exec(value)?.[1] : undefined
}

/** The first segment of all paths that fit, where that is known. */
const segmentOf = (pattern: string): number | undefined => {
  if (!pattern.startsWith('/')) return undefined
  if (isPathTemplate(pattern)) {
    const template = parsePathTemplate(pattern)
    const first = typeof template === 'string' ? undefined : template[0]
    return first?.kind === 'text' ? wholeSegmentOf(first.text) : undefined
  }
  if (isExact(pattern)) return hashOf(pattern, 1, endOfSegment(pattern))
  return wholeSegmentOf(pattern.slice(0, -1))
}

/** Of a beginning, which has to go on behind the segment. */
const wholeSegmentOf = (prefix: string): number | undefined => {
  const end = prefix.indexOf('/', 1)
  return end === -1 ? undefined : hashOf(prefix, 1, end)
}

const endOfSegment = (path: string): number => {
  const slash = path.indexOf('/', 1)
  return slash === -1 ? path.length : slash
}

/** The same for capitals and small letters. Others may have the same too: who is found by it is asked all the same. */
const hashOf = (text: string, start: number, end: number): number => {
  let hash = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    hash = (Math.imul(hash, 31) + (code >= 65 && code <= 90 ? code + 32 : code)) | 0
  }
  return hash
}
