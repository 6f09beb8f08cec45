import * as s from '../../../lib/schema.ts'
import { asDefects, itemsOf, type Defect } from '../http-route/defect.ts'
import { decodeRule, type HttpRouteRule } from '../http-route/rule.ts'
import { decodeGrpcMatch, matchAllCalls } from './match.ts'

const known = ['name', 'matches', 'filters', 'backendRefs', 'sessionPersistence']
const shared = known.filter((field) => field !== 'matches')

/** Filters of an HTTPRoute that a GRPCRoute does not have (GRPCRouteFilter). */
const foreignFilters: ReadonlySet<unknown> = new Set(['RequestRedirect', 'URLRewrite', 'CORS', 'ExternalAuth'])
const grpcFilters = 'RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, ExtensionRef'

/**
 * Reads one GRPCRouteRule: an HTTPRouteRule with matches of its own, fewer fields and fewer filters, so that what both
 * have is read by the same code.
 */
export const decodeGrpcRule = (value: unknown, path: string): HttpRouteRule => {
  if (!s.isPlainObject(value)) return { ...decodeRule(value, path), matches: [matchAllCalls] }
  const fields = Object.fromEntries(shared.flatMap((field) => (field in value ? [[field, value[field]]] : [])))
  const rule = decodeRule(fields, path)
  const defects: Defect[] = [...asDefects(s.unknownFields(value, known, path)), ...rule.defects]
  const matches = itemsOf(value['matches'], `${path}.matches`, defects).map((item, index) =>
    decodeGrpcMatch(item, `${path}.matches[${index}]`, defects),
  )
  return {
    ...rule,
    matches: matches.length === 0 ? [matchAllCalls] : matches,
    defects: [...defects, ...checkFilterKinds(value, path)],
  }
}

const checkFilterKinds = (rule: Readonly<Record<string, unknown>>, path: string): readonly Defect[] => {
  const ofBackends = listOf(rule['backendRefs']).flatMap((ref, index) => {
    const filters = s.isPlainObject(ref) ? ref['filters'] : undefined
    return foreignIn(filters, `${path}.backendRefs[${index}].filters`)
  })
  return [...foreignIn(rule['filters'], `${path}.filters`), ...ofBackends]
}

const foreignIn = (filters: unknown, path: string): readonly Defect[] =>
  listOf(filters).flatMap((filter, index): readonly Defect[] => {
    const type = s.isPlainObject(filter) ? filter['type'] : undefined
    if (!foreignFilters.has(type)) return []
    return [
      {
        reason: 'UnsupportedValue',
        message: 'is no filter of a GRPCRoute',
        path: `${path}[${index}].type`,
        found: s.formatFound(type),
        expected: `one of ${grpcFilters}`,
      },
    ]
  })

/** What is no list is complained about where it is read. */
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
