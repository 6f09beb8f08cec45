import type { RequestView } from '../../../filter/index.ts'
import { TOKEN_LOWER } from '../../../http/h1/chars.ts'
import { isFieldValue } from '../../../lib/headers/is-field-value.ts'
import type { HeaderList } from '../../../http/header-list.ts'
import { isConnectionSpecific } from '../../../http/hop-by-hop.ts'
import type { FieldChange, RequestChanges } from './protocol/verdict.ts'

/** They say where a message ends, or where it goes: not for somebody who was asked whether it may. */
const KEPT: ReadonlySet<string> = new Set(['host', 'content-length', 'te', 'trailer', 'expect'])

/** Not for a provider to write, on a request or on an answer. */
export const isKept = (name: string): boolean => name.startsWith(':') || KEPT.has(name) || isConnectionSpecific(name)

/** What became of the changes that an answer asks for. */
export type Applied =
  | { readonly kind: 'applied'; readonly ignored: readonly string[] }
  /** Something is no field, so that nothing was changed. */
  | { readonly kind: 'unwritable'; readonly message: string }

/** Does to a request what its provider wants: fields are set and added in their order, then others are removed. */
export const applyChanges = (request: RequestView, changes: RequestChanges): Applied => {
  const message = findUnwritable([...changes.request, ...changes.response])
  if (message !== undefined) return { kind: 'unwritable', message }
  const ignored = [...changes.ignored]
  // What a provider vouches for nobody else may say, in whatever spelling.
  for (const { action, name } of changes.request)
    if (action === 'set' && !isKept(name)) request.headers.removeAlike(name)
  changeFields(request.headers, changes.request, ignored)
  for (const name of changes.removed) {
    if (isKept(name)) ignored.push(name)
    // It is to be seen by nobody else, so it says who the user is.
    else if (request.headers.removeLower(name)) request.headers.noteCredentials()
  }
  const { querySet, queryRemoved } = changes
  if (querySet.length + queryRemoved.length > 0) request.query = changeQuery(request.query, { querySet, queryRemoved })
  return { kind: 'applied', ignored }
}

/** Those that passed `findUnwritable`; what is not for them to change is noted in `ignored`. */
export const changeFields = (headers: HeaderList, changes: readonly FieldChange[], ignored: string[]): void => {
  for (const { action, name, value } of changes) {
    if (isKept(name)) {
      ignored.push(name)
      continue
    }
    const isThere = action !== 'append' && action !== 'set' && headers.hasLower(name)
    if (action === 'append' || (action === 'add-if-absent' && !isThere)) headers.fields.push(name, value)
    else if (action === 'set' || (action === 'replace' && isThere)) headers.setLower(name, value)
  }
}

/** Something that could not be written as a field. */
export const findUnwritable = (fields: readonly Pick<FieldChange, 'name' | 'value'>[]): string | undefined => {
  for (const { name, value } of fields) {
    if (!isFieldName(name)) return `${JSON.stringify(name.slice(0, 60))} is no field name`
    if (!isFieldValue(value)) return `the value of ${name} has characters that no field has`
  }
  return undefined
}

/** Pseudo-headers count as names: they are told of and left alone. */
const isFieldName = (name: string): boolean => {
  const text = name.startsWith(':') ? name.slice(1) : name
  if (text === '') return false
  for (let i = 0; i < text.length; i++) if ((TOKEN_LOWER[text.charCodeAt(i)] ?? 0) === 0) return false
  return true
}

/** What may stand in a name or value of a query, RFC 3986 section 3.4 without what separates them. */
const NOT_IN_QUERY = /[^A-Za-z0-9._~!$'()*,;:@/?%-]/gu

const changeQuery = (query: string, { querySet, queryRemoved }: Pick<RequestChanges, 'querySet' | 'queryRemoved'>) => {
  const removed = new Set(queryRemoved)
  const left = new Map(querySet)
  const pairs: string[] = []
  for (const pair of query === '' ? [] : query.slice(1).split('&')) {
    const name = nameOf(pair)
    const value = left.get(name)
    if (value !== undefined) pairs.push(formatPair(name, value))
    // A second one of the name must not be read in place of the first.
    else if (!removed.has(name) && !querySet.some(([set]) => set === name)) pairs.push(pair)
    left.delete(name)
  }
  for (const [name, value] of left) if (!removed.has(name)) pairs.push(formatPair(name, value))
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

/** As the application is going to read it. */
const nameOf = (pair: string): string => {
  const [name = ''] = pair.split('=', 1)
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}

const formatPair = (name: string, value: string): string => `${escape(name)}=${escape(value)}`

const escape = (text: string): string => text.toWellFormed().replace(NOT_IN_QUERY, encodeURIComponent)
