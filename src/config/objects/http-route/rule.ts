import * as s from '../../../lib/schema.ts'
import type { Match } from '../../../model/match.ts'
import { decodeBackendRef, type BackendRef } from './backend-ref.ts'
import { asDefects, itemsOf, take, type Defect } from './defect.ts'
import { checkFilters, decodeFilter, type HttpFilter } from './filter.ts'
import { decodeMatch, matchAll } from './match.ts'

/** An HTTPRouteRule. With defects it must not be served: whatever it matches is to be refused. */
export interface HttpRouteRule {
  readonly name?: string
  /** Never empty. */
  readonly matches: readonly Match[]
  readonly filters: readonly HttpFilter[]
  readonly backendRefs: readonly BackendRef[]
  readonly defects: readonly Defect[]
  /** `spec.rules[0]` */
  readonly path: string
}

const ruleName = s.string({ maxLength: 253, pattern: /[a-z0-9]([a-z0-9.-]*[a-z0-9])?/, describe: 'a section name' })
const notImplemented = ['timeouts', 'retry', 'sessionPersistence']
const known = ['name', 'matches', 'filters', 'backendRefs', ...notImplemented]

/** Reads one rule; it always gives one, since a rule that cannot be read has to be closed, not forgotten. */
export const decodeRule = (value: unknown, path: string): HttpRouteRule => {
  const defects: Defect[] = []
  if (!s.isPlainObject(value)) {
    take(s.object({}).decode(value, path), defects)
    return { matches: [matchAll], filters: [], backendRefs: [], defects, path }
  }
  defects.push(...asDefects(s.unknownFields(value, known, path)), ...unimplementedFields(value, path))
  const each = <T>(field: string, decode: (item: unknown, at: string, into: Defect[]) => T | undefined): readonly T[] =>
    itemsOf(value[field], `${path}.${field}`, defects).flatMap(
      (item, index) => decode(item, `${path}.${field}[${index}]`, defects) ?? [],
    )
  const name = value['name'] ?? undefined
  const ruleCalled = name === undefined ? undefined : take(ruleName.decode(name, `${path}.name`), defects)
  const matches = each('matches', decodeMatch)
  const filters = each('filters', decodeFilter)
  const backendRefs = each('backendRefs', decodeBackendRef)
  const rule: HttpRouteRule = {
    ...(ruleCalled === undefined ? {} : { name: ruleCalled }),
    matches: matches.length === 0 ? [matchAll] : matches,
    filters,
    backendRefs,
    defects,
    path,
  }
  return { ...rule, defects: [...defects, ...checkRule(rule)] }
}

const unimplementedFields = (value: Readonly<Record<string, unknown>>, path: string): readonly Defect[] =>
  notImplemented
    .filter((field) => (value[field] ?? undefined) !== undefined)
    .map((field) => ({
      reason: 'UnsupportedValue',
      message: `${field} is not implemented yet`,
      path: `${path}.${field}`,
      found: s.formatFound(value[field]),
      expected: 'a rule without it',
    }))

/** What the parts of a rule demand of each other (HTTPRouteRule's validation rules). */
const checkRule = (rule: HttpRouteRule): readonly Defect[] => {
  const redirect = rule.filters.find((filter) => filter.kind === 'RequestRedirect')
  const all = [...rule.filters, ...rule.backendRefs.flatMap((ref) => ref.filters)]
  const prefixOnly = rule.matches.length === 1 && rule.matches[0]?.path.type === 'PathPrefix'
  const defects: Defect[] = all
    .filter((filter) => filter.replacesPrefix && !prefixOnly)
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
  return [...checkFilters(rule.filters, `${rule.path}.filters`), ...defects]
}
