import { objectFilters } from '../../../../filters/object-filters.ts'
import { nearestWord } from '../../../lib/nearest.ts'
import * as s from '../../../lib/schema.ts'
import { objectName } from '../metadata.ts'
import { itemsOf, take, type Defect } from './defect.ts'
import { cors } from './filter/cors-filter.ts'
import { externalAuth, toExternalAuthRef, type ExternalAuthRef } from './filter/external-auth.ts'
import { headerFilter, requestHeaderFilter } from './filter/header-filter.ts'
import { mirror, toMirrorRef, type MirrorRef } from './filter/mirror.ts'
import { redirect, rewrite } from './filter/path-filters.ts'

/** A filter that the data plane has: the kind, and its field of the HTTPRouteFilter exactly as written. */
export interface HttpFilter {
  readonly kind: FilterKind
  readonly config: unknown
  /** Whether it replaces a path prefix, which needs a rule with one PathPrefix match. */
  readonly replacesPrefix: boolean
  /** `spec.rules[0].filters[1]` */
  readonly path: string
}

/** A filter that stands in an object of its own (LocalObjectReference). */
export interface ExtensionRef {
  readonly kind: 'ExtensionRef'
  /** The kind of that object, which stands in the namespace of the route. */
  readonly of: string
  readonly name: string
  /** `spec.rules[0].filters[1]` */
  readonly path: string
}

/** A list of filters, sorted into what changes the exchange itself, who is asked about it, and who gets a copy of it. */
export interface FilterList {
  /** In their order, and before all others. */
  readonly externalAuths: readonly ExternalAuthRef[]
  readonly filters: readonly (HttpFilter | ExtensionRef)[]
  readonly mirrors: readonly MirrorRef[]
}

type FilterKind = keyof typeof implemented

/** What `type` of an entry may be; which of them a kind of route takes is for the caller to say. */
export type FilterType = FilterKind | 'RequestMirror' | 'ExternalAuth' | 'ExtensionRef'

/**
 * Each kind's field in HTTPRouteFilter and what it looks like. The filter is a union: a second filter's field beside
 * the one that `type` names is a mistake, never ignored.
 */
const implemented = {
  RequestHeaderModifier: { field: 'requestHeaderModifier', schema: requestHeaderFilter },
  ResponseHeaderModifier: { field: 'responseHeaderModifier', schema: headerFilter },
  RequestRedirect: { field: 'requestRedirect', schema: redirect },
  URLRewrite: { field: 'urlRewrite', schema: rewrite },
  CORS: { field: 'cors', schema: cors },
} as const satisfies Readonly<Record<string, { readonly field: string; readonly schema: s.Schema<unknown> }>>

const OUR_GROUP = 'fairway.dev'
const filterKinds = ['Filter', 'App', ...objectFilters.map(({ definition }) => definition.kind)]

/** To something in the route's namespace. */
const extensionRef = s.object({ group: s.string(), kind: s.string({ minLength: 1 }), name: objectName })

const none: FilterList = { externalAuths: [], filters: [], mirrors: [] }

interface Reading {
  /** Which filters the list may hold. */
  readonly types: readonly FilterType[]
  readonly defects: Defect[]
}

/** Reads a list of filters (HTTPRouteFilter, GRPCRouteFilter); one that cannot be carried out is a defect. */
export const decodeFilters = (value: unknown, path: string, reading: Reading): FilterList => {
  if (value === undefined) return none
  const filters: (HttpFilter | ExtensionRef)[] = []
  const mirrors: MirrorRef[] = []
  const externalAuths: ExternalAuthRef[] = []
  const type = s.oneOf(reading.types)
  itemsOf(value, path, reading.defects).forEach((item, index) => {
    const decoded = decodeFilter(item, `${path}[${index}]`, { ...reading, type })
    if (decoded === undefined) return
    if ('config' in decoded || 'of' in decoded) filters.push(decoded)
    else if ('settings' in decoded) externalAuths.push(decoded)
    else mirrors.push(decoded)
  })
  reading.defects.push(...checkFilters(filters, path))
  return { externalAuths, filters, mirrors }
}

const decodeFilter = (
  value: unknown,
  path: string,
  { type, defects }: Reading & { readonly type: s.Schema<FilterType> },
): HttpFilter | ExtensionRef | MirrorRef | ExternalAuthRef | undefined => {
  const written = take(s.object({ type }, { unknownFields: 'ignore' }).decode(value, path), defects)
  if (written === undefined || !s.isPlainObject(value)) return undefined
  if (written.type === 'RequestMirror') {
    const decoded = take(s.object({ type, requestMirror: mirror }).decode(value, path), defects)
    return decoded === undefined ? undefined : toMirrorRef(decoded.requestMirror, path)
  }
  if (written.type === 'ExternalAuth') {
    const decoded = take(s.object({ type, externalAuth }).decode(value, path), defects)
    return decoded === undefined ? undefined : toExternalAuthRef(decoded.externalAuth, path)
  }
  if (written.type === 'ExtensionRef') {
    const decoded = take(s.object({ type, extensionRef }).decode(value, path), defects)
    if (decoded === undefined) return undefined
    const { group, kind, name } = decoded.extensionRef
    if (group === OUR_GROUP && filterKinds.includes(kind)) return { kind: 'ExtensionRef', of: kind, name, path }
    defects.push({
      reason: 'UnsupportedValue',
      message: 'nothing is known of such an extension',
      path: `${path}.extensionRef`,
      found: `${group}/${kind}`,
      expected: `${OUR_GROUP}/${nearestWord(kind, filterKinds) ?? 'Filter'}, or another kind of filter of that group`,
    })
    return undefined
  }
  const { field, schema } = implemented[written.type]
  if (take(s.object({ type, [field]: schema }).decode(value, path), defects) === undefined) return undefined
  return { kind: written.type, config: value[field], replacesPrefix: replacesPrefix(value[field]), path }
}

const replacesPrefix = (config: unknown): boolean => {
  const modifier = s.isPlainObject(config) ? config['path'] : undefined
  return s.isPlainObject(modifier) && modifier['type'] === 'ReplacePrefixMatch'
}

/** Which filters of one list exclude each other (HTTPRouteRule.filters, HTTPBackendRef.filters); mirrors may repeat. */
const checkFilters = (filters: FilterList['filters'], path: string): readonly Defect[] => {
  const defects: Defect[] = filters
    .filter(({ kind }, index) => kind !== 'ExtensionRef' && filters.findIndex((other) => other.kind === kind) !== index)
    .map((filter) => ({
      reason: 'IncompatibleFilters',
      message: `filter ${filter.kind} is given twice`,
      path: filter.path,
      found: filter.kind,
      expected: `one ${filter.kind} at most`,
    }))
  const given = filters.map((filter) => filter.kind)
  if (given.includes('RequestRedirect') && given.includes('URLRewrite')) {
    defects.push({
      reason: 'IncompatibleFilters',
      message: 'filters RequestRedirect and URLRewrite exclude each other',
      path,
      found: given.join(', '),
      expected: 'one of the two',
    })
  }
  return defects
}
