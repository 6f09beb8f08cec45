import * as s from '../../../lib/schema.ts'
import type { Match } from '../../../model/match.ts'
import type { Retry, Timeouts } from '../../../model/route.ts'
import { sessionPersistence, type WrittenPersistence } from '../backend-policy/session-persistence.ts'
import { decodeBackendRef, type BackendRef } from './backend-ref.ts'
import type { AnyRule } from './decode-route.ts'
import { asDefects, itemsOf, take, type Defect } from './defect.ts'
import { findIgnored } from './match/match.ts'
import { decodeFilters, type FilterList, type FilterType } from './filter.ts'

/** A rule of an HTTPRoute or GRPCRoute. */
export interface HttpRouteRule extends FilterList, AnyRule {
  /** Never empty. */
  readonly matches: readonly Match[]
  readonly backendRefs: readonly BackendRef[]
  readonly timeouts?: Timeouts
  readonly retry?: Retry
  /** The name of a cookie or header may be left to be made. */
  readonly sessionPersistence?: WrittenPersistence
}

/** What the rules of one kind of route have of their own. */
export interface RuleShape {
  readonly decodeMatch: (value: unknown, path: string, defects: Defect[]) => Match
  /** Stands in for the matches of a rule that has none. */
  readonly matchAll: Match
  readonly filterTypes: readonly FilterType[]
  /** Further fields, each with its decoder: the result goes into the rule. */
  readonly fields: Readonly<Record<string, FieldDecoder>>
}

type FieldDecoder = (
  value: unknown,
  path: string,
  defects: Defect[],
) => Pick<HttpRouteRule, 'timeouts' | 'retry' | 'sessionPersistence'>

/** All kinds of routes that act on requests have it. */
export const sessionField: FieldDecoder = (value, path, defects) => {
  const decoded = take(sessionPersistence.decode(value, path), defects)
  return decoded === undefined ? {} : { sessionPersistence: decoded }
}

/** The name of a rule (SectionName). */
export const ruleName = s.string({
  maxLength: 253,
  pattern: /[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/,
  describe: 'a section name',
})

/** A rule with nothing in it: it matches everything and has no backend. */
export const createEmptyRule = (matchAll: Match, path: string, defects: readonly Defect[]): HttpRouteRule => ({
  matches: [matchAll],
  externalAuths: [],
  filters: [],
  mirrors: [],
  backendRefs: [],
  defects,
  path,
})

/** Reads one rule; it always gives one, since a rule that cannot be read has to be closed, not forgotten. */
export const decodeRule = (value: unknown, path: string, shape: RuleShape): HttpRouteRule => {
  const defects: Defect[] = []
  const { filterTypes: types } = shape
  if (!s.isPlainObject(value)) {
    take(s.object({}).decode(value, path), defects)
    return createEmptyRule(shape.matchAll, path, defects)
  }
  const known = ['name', 'matches', 'filters', 'backendRefs', ...Object.keys(shape.fields)]
  defects.push(...asDefects(s.unknownFields(value, known, path)))
  const each = <T>(field: string, decode: (item: unknown, at: string) => T | undefined): readonly T[] =>
    itemsOf(value[field], `${path}.${field}`, defects).flatMap(
      (item, index) => decode(item, `${path}.${field}[${index}]`) ?? [],
    )
  const own = Object.entries(shape.fields).reduce<ReturnType<FieldDecoder>>(
    (all, [field, decode]) =>
      (value[field] ?? undefined) === undefined
        ? all
        : { ...all, ...decode(value[field], `${path}.${field}`, defects) },
    {},
  )
  const name = value['name'] ?? undefined
  const ruleCalled = name === undefined ? undefined : take(ruleName.decode(name, `${path}.name`), defects)
  const matches = each('matches', (item, at) => shape.decodeMatch(item, at, defects))
  const rule: HttpRouteRule = {
    ...(ruleCalled === undefined ? {} : { name: ruleCalled }),
    matches: matches.length === 0 ? [shape.matchAll] : matches,
    ...decodeFilters(value['filters'], `${path}.filters`, { types, defects }),
    backendRefs: each('backendRefs', (item, at) => decodeBackendRef(item, at, { types, defects })),
    ...own,
    defects,
    path,
  }
  const notes = findIgnored(value['matches'], `${path}.matches`)
  return { ...rule, defects: [...defects, ...checkRule(rule)], ...(notes.length === 0 ? {} : { notes }) }
}

/** What the parts of a rule demand of each other (HTTPRouteRule's validation rules). */
const checkRule = (rule: HttpRouteRule): readonly Defect[] => {
  const redirect = rule.filters.find((filter) => filter.kind === 'RequestRedirect')
  const all = [...rule.filters, ...rule.backendRefs.flatMap((ref) => ref.filters)]
  const prefixOnly = rule.matches.length === 1 && rule.matches[0]?.path.type === 'PathPrefix'
  const defects: Defect[] = all
    .filter((filter) => 'replacesPrefix' in filter && filter.replacesPrefix && !prefixOnly)
    .map((filter) => ({
      reason: 'UnsupportedValue',
      message: 'ReplacePrefixMatch has no single prefix to replace',
      path: filter.path,
      found: rule.matches.map((match) => match.path.type).join(', '),
      expected: 'a rule with exactly one match, of type PathPrefix',
    }))
  if (redirect !== undefined && rule.backendRefs.length > 0) {
    defects.push({
      reason: 'IncompatibleFilters',
      message: 'a rule that redirects has no use for backendRefs',
      path: redirect.path,
      found: `${rule.backendRefs.length} backendRefs`,
      expected: 'none',
    })
  }
  return defects
}
