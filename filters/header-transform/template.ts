import { encodeFieldText, schema } from 'fairway/filter'
import type { Exchange, Issue, Schema } from 'fairway/filter'

/** What a template comes to for an exchange; `undefined` when something that it names is not there. */
export type Template = (exchange: Exchange) => string | undefined

type Read = (exchange: Exchange) => string | undefined

/** Texts that need no name of their own. */
const plain: Readonly<Record<string, Read>> = {
  'request.method': ({ request }) => request.method,
  'request.scheme': ({ request }) => request.scheme,
  'request.host': ({ request }) => request.authority,
  'request.path': ({ request }) => request.path,
  'response.status': ({ response }) => (response === undefined ? undefined : String(response.status)),
  'source.principal': ({ source }) => source.principal,
  'source.namespace': ({ source }) => source.namespace,
  'source.serviceAccount': ({ source }) => source.serviceAccount,
  'source.workload': ({ source }) => source.workload,
  'source.address': ({ source }) => source.address,
  'destination.name': ({ destination }) => destination.name,
  'destination.namespace': ({ destination }) => destination.namespace,
  'destination.hostname': ({ destination }) => destination.hostname,
  'token.principal': ({ request }) => asField(request.token?.principal),
  'token.issuer': ({ request }) => asField(request.token?.issuer),
  'token.subject': ({ request }) => asField(request.token?.subject),
  'match.route': ({ match }) => match?.route,
  'match.rule': ({ match }) => match?.rule,
}

/** Texts with names: `claims[realm][roles]`, `request.headers[x-user]`. */
const named: Readonly<Record<string, (names: readonly string[]) => Read>> = {
  claims:
    (names) =>
    ({ request }) =>
      asField(claimText(request.token?.claims, names)),
  'request.headers': ([name = '']) => {
    const lower = name.toLowerCase()
    return ({ request }) => request.headers.getLower(lower)
  },
  'response.headers': ([name = '']) => {
    const lower = name.toLowerCase()
    return ({ response }) => response?.headers.getLower(lower)
  },
}

/** A claim as text: texts, numbers and truths as they are, lists of them with commas between. */
const claimText = (claims: unknown, names: readonly string[]): string | undefined => {
  let value = claims
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = Object.getOwnPropertyDescriptor(value, name)?.value
  }
  if (!Array.isArray(value)) return isScalar(value) ? String(value) : undefined
  return value.length > 0 && value.every(isScalar) ? value.join(',') : undefined
}

/** What stands in tokens may be in any script. */
const asField = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : encodeFieldText(text)

const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

/** What a template may name, for messages. */
const FORM = `text with {{ and }} for braces, and ${[
  ...Object.keys(plain),
  ...Object.keys(named).map((name) => `${name}[NAME]`),
]
  .map((name) => `{${name}}`)
  .join(', ')}`

/** The pieces of a template: text, or what stands in braces. */
const PIECE = /\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]/g
const REFERENCE = /^([A-Za-z.]+)((?:\[[^[\]]+\])*)$/

/** Makes a template of its text, or says what is wrong with it. */
export const compileTemplate = (text: string, path = ''): Template | Issue => {
  const parts: (string | Read)[] = []
  for (const [piece, reference] of text.matchAll(PIECE)) {
    const part = reference === undefined ? literalOf(piece) : readerOf(reference)
    if (part === undefined) return { message: 'no such value', path, found: piece, expected: FORM }
    const last = parts.at(-1)
    if (typeof part === 'string' && typeof last === 'string') parts.splice(-1, 1, last + part)
    else parts.push(part)
  }
  const [first = ''] = parts
  if (parts.length <= 1) return typeof first === 'string' ? () => first : first
  return (exchange) => {
    let result = ''
    for (const part of parts) {
      const value = typeof part === 'string' ? part : part(exchange)
      if (value === undefined) return undefined
      result += value
    }
    return result
  }
}

/** Texts that are templates besides. */
export const templateOf = (text: Schema<string>): Schema<string> =>
  schema.refine(text, (written, path) => {
    const made = compileTemplate(written, path)
    return typeof made === 'function' ? [] : [made]
  })

const literalOf = (piece: string): string | undefined => {
  if (piece === '{{' || piece === '}}') return piece.slice(1)
  return piece === '{' || piece === '}' ? undefined : piece
}

const readerOf = (reference: string): Read | undefined => {
  const [, head = '', tail = ''] = REFERENCE.exec(reference) ?? []
  const names = Array.from(tail.matchAll(/\[([^[\]]+)\]/g), ([, name = '']) => name)
  if (names.length === 0) return Object.hasOwn(plain, head) ? plain[head] : undefined
  const make = Object.hasOwn(named, head) ? named[head] : undefined
  return head === 'claims' || names.length === 1 ? make?.(names) : undefined
}
