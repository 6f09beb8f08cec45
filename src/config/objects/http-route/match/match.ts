import { compileRe2, maxRegexInstructions } from '../../../../lib/regex/compile-re2.ts'
import type { Issue } from '../../../../lib/decoded.ts'
import * as s from '../../../../lib/schema.ts'
import type { Match, PathMatch, ValueMatch } from '../../../../model/match.ts'
import { parseClaimName } from './claim-name.ts'
import { fieldName } from '../../token.ts'
import { asDefects, take, type Defect } from '../defect.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const

const pathMatch = s.refine(
  s.object({
    type: s.withDefault(s.oneOf(['Exact', 'PathPrefix', 'RegularExpression']), 'PathPrefix'),
    value: s.withDefault(s.string({ maxLength: 1024 }), '/'),
  }),
  ({ type, value }, path) =>
    type === 'RegularExpression' ? checkRegex(value, `${path}.value`) : checkPath(value, `${path}.value`),
)

/** A claim may stand where a header's name does. */
const headerName: s.Schema<string> = {
  json: fieldName.json,
  decode: (value, path) =>
    typeof value === 'string' && value.length <= 256 && parseClaimName(value) !== undefined
      ? { ok: true, value }
      : fieldName.decode(value, path),
}

const valueMatch = (named: s.Schema<string>, maxLength: number) =>
  s.refine(
    s.object({
      type: s.withDefault(s.oneOf(['Exact', 'RegularExpression']), 'Exact'),
      name: named,
      value: s.string({ minLength: 1, maxLength }),
    }),
    ({ type, value }, path) => (type === 'RegularExpression' ? checkRegex(value, `${path}.value`) : []),
  )

const headerMatch = valueMatch(headerName, 4096)
const queryParamMatch = valueMatch(fieldName, 1024)
const method = s.oneOf(methods)

const known = ['path', 'headers', 'queryParams', 'method']

/** Every request. */
export const matchAll: Match = { path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] }

/**
 * Reads one entry of `matches` (HTTPRouteMatch). Where a part cannot be read the match is left wider, never narrower:
 * the caller closes its rule, and no request that the part was meant for may slip past to another rule.
 */
export const decodeMatch = (value: unknown, path: string, defects: Defect[]): Match => {
  if (!s.isPlainObject(value)) {
    take(s.object({}).decode(value, path), defects)
    return matchAll
  }
  defects.push(...asDefects(s.unknownFields(value, known, path)))
  const at = (field: string): unknown => value[field] ?? undefined
  const written = at('path') === undefined ? undefined : take(pathMatch.decode(at('path'), `${path}.path`), defects)
  const wanted = at('method') === undefined ? undefined : take(method.decode(at('method'), `${path}.method`), defects)
  const headers = decodeValues(headerMatch, { value: at('headers'), path: `${path}.headers`, defects })
  return {
    path: written === undefined ? matchAll.path : normalizePath(written),
    headers: firstOfEach(headers.map(toHeaderMatch)),
    queryParams: firstOfEach(
      decodeValues(queryParamMatch, { value: at('queryParams'), path: `${path}.queryParams`, defects }),
    ),
    ...(wanted === undefined ? {} : { method: wanted }),
  }
}

const toHeaderMatch = (header: ValueMatch): ValueMatch => {
  const claim = parseClaimName(header.name)
  return { ...header, name: nameOf('headers', header.name), ...(claim === undefined ? {} : { claim }) }
}

/** Names of header fields have no case; those of claims and query parameters do. */
const nameOf = (field: 'headers' | 'queryParams', name: string): string =>
  field === 'headers' && parseClaimName(name) === undefined ? name.toLowerCase() : name

/** What of the `matches` of a rule counts for nothing: entries that come after another one of the same name. */
export const findIgnored = (matches: unknown, path: string): readonly Issue[] =>
  Array.isArray(matches)
    ? matches.flatMap((match: unknown, index) =>
        s.isPlainObject(match)
          ? (['headers', 'queryParams'] as const).flatMap((field) =>
              ignoredNames(match[field], field, `${path}[${index}].${field}`),
            )
          : [],
      )
    : []

const ignoredNames = (entries: unknown, field: 'headers' | 'queryParams', path: string): readonly Issue[] => {
  if (!Array.isArray(entries)) return []
  const first = new Map<string, number>()
  return entries.flatMap((entry: unknown, index): readonly Issue[] => {
    const written = s.isPlainObject(entry) ? entry['name'] : undefined
    if (typeof written !== 'string') return []
    const name = nameOf(field, written)
    const before = first.get(name)
    if (before === undefined) {
      first.set(name, index)
      return []
    }
    const message = `is ignored: ${field}[${before}] has the same name, and only the first counts`
    return [{ message, path: `${path}[${index}]`, found: s.formatFound(written), expected: 'each name once' }]
  })
}

const decodeValues = (
  schema: s.Schema<ValueMatch>,
  { value, path, defects }: { readonly value: unknown; readonly path: string; readonly defects: Defect[] },
): readonly ValueMatch[] => {
  if (value === undefined) return []
  if (!Array.isArray(value)) {
    take(s.array(schema).decode(value, path), defects)
    return []
  }
  return value.flatMap((item: unknown, index) => take(schema.decode(item, `${path}[${index}]`), defects) ?? [])
}

/** HTTPHeaderMatch and HTTPQueryParamMatch: of entries with the same name only the first counts; `findIgnored` tells of the others. */
const firstOfEach = (matches: readonly ValueMatch[]): readonly ValueMatch[] =>
  matches.filter((match, index) => matches.findIndex((other) => other.name === match.name) === index)

/** A PathPrefix ignores its trailing slashes (HTTPPathMatch). */
const normalizePath = ({ type, value }: PathMatch): PathMatch =>
  type === 'PathPrefix' && value !== '/' ? { type, value: value.replace(/\/$/, '') } : { type, value }

/** What HTTPPathMatch forbids in a literal path, since no normalised request path has it. */
const forbidden = /\/\/|\/\.\.?(?:\/|$)|%2[fF]|#/
const allowed = /^\/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$/

const checkPath = (value: string, path: string): readonly Issue[] => {
  const found = s.formatFound(value)
  if (!value.startsWith('/')) return [{ message: 'wrong value', path, found, expected: 'a path that begins with /' }]
  if (forbidden.test(value)) {
    return [{ message: 'wrong value', path, found, expected: 'a path without //, /./, /../, %2f and #' }]
  }
  if (allowed.test(value)) return []
  return [{ message: 'wrong value', path, found, expected: 'a path of URL characters, others percent-encoded' }]
}

/** Regular expressions have RE2's syntax, whose matching takes linear time whatever the expression. */
export const checkRegex = (value: string, path: string): readonly Issue[] => {
  const found = s.formatFound(value)
  if (value === '' || value.length > 1024) {
    const expected = 'a regular expression of 1 to 1024 characters'
    return [{ message: 'wrong value', path, found, expected }]
  }
  try {
    compileRe2(value)
    return []
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const expected =
      error instanceof RangeError
        ? `at most ${maxRegexInstructions}: less repetition`
        : 'a regular expression in RE2 syntax'
    return [{ message, path, found, expected }]
  }
}
