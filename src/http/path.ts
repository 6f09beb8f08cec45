import type { PathNormalization } from '../model/model.ts'

/** A request target taken apart: `path` as received, `query` with its `?`, empty when there is none. */
export interface SplitTarget {
  readonly path: string
  readonly query: string
}

/**
 * Splits origin-form, absolute-form (its scheme and authority are dropped) or `*` (RFC 9112 section 3.2). OPTIONS of
 * an authority alone is OPTIONS of `*` (section 3.2.4); of another method, or none given, it is `/`.
 */
export function splitTarget(target: string, method?: string): SplitTarget {
  if (method === 'OPTIONS' && /^https?:\/\/[^/?]*$/i.test(target)) return { path: '*', query: '' }
  const pathAndQuery = target.startsWith('/') ? target : withoutAuthority(target)
  const mark = pathAndQuery.indexOf('?')
  if (mark === -1) return { path: pathAndQuery, query: '' }
  return { path: pathAndQuery.slice(0, mark), query: pathAndQuery.slice(mark) }
}

/** The first characters that make a path one to look at more closely; most paths have none. */
const SUSPECT: Readonly<Record<PathNormalization, RegExp>> = {
  NONE: /[^\x21-\x7e]|#/,
  BASE: /[^\x21-\x7e]|[#%\\]|\/\./,
  MERGE_SLASHES: /[^\x21-\x7e]|[#%\\]|\/[./]/,
  DECODE_AND_MERGE_SLASHES: /[^\x21-\x7e]|[#%\\]|\/[./]/,
}

/** Never in a path: controls, space, what is not ASCII, a fragment (Envoy answers 400 too). */
const FORBIDDEN = /[^\x21-\x7e]|#/

/** RFC 3986 section 2.3. */
const UNRESERVED = /^[A-Za-z0-9._~-]$/

/**
 * The path as everything after this sees it and as it is forwarded, or `undefined` for one to answer with 400
 * (MeshConfig.pathNormalization). `path` is without query.
 *
 * - `NONE`: as received.
 * - `BASE`: percent-encoded unreserved characters decoded, `\` to `/`, dot segments removed (RFC 3986 section 6.2.2).
 * - `MERGE_SLASHES`: then runs of `/` become one.
 * - `DECODE_AND_MERGE_SLASHES`: and first of all `%2F` and `%5C` are decoded.
 *
 * Refused in each mode: controls, space, non-ASCII, a fragment, and a path that does not start with `/`, except `*`.
 * In all but `NONE` also `%00` and a `%` without two hexadecimal digits: decoding beside it could make a new escape
 * (`%%32%66` would become `%2f`).
 */
export function normalizePath(path: string, mode: PathNormalization): string | undefined {
  if (path.startsWith('/') && !SUSPECT[mode].test(path)) return path
  if (path === '*') return path
  if (!path.startsWith('/') || FORBIDDEN.test(path)) return undefined
  if (mode === 'NONE') return path
  const decoded = decodePath(path, mode === 'DECODE_AND_MERGE_SLASHES')
  if (decoded === undefined) return undefined
  const normal = decoded.includes('/.') ? removeDotSegments(decoded) : decoded
  return mode === 'BASE' ? normal : normal.replace(/\/{2,}/g, '/')
}

function withoutAuthority(target: string): string {
  const scheme = target.indexOf('://')
  if (scheme === -1) return target
  const start = target.slice(scheme + 3).search(/[/?]/)
  if (start === -1) return '/'
  const rest = target.slice(scheme + 3 + start)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function decodePath(path: string, shouldDecodeSlashes: boolean): string | undefined {
  const slashed = path.replaceAll('\\', '/')
  if (!slashed.includes('%')) return slashed
  if (/%(?![0-9A-Fa-f]{2})|%00/.test(slashed)) return undefined
  return slashed.replace(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    if (UNRESERVED.test(character)) return character
    return shouldDecodeSlashes && (character === '/' || character === '\\') ? '/' : escape
  })
}

/** RFC 3986 section 5.2.4: `..` takes away one segment, an empty one too, and stops at the root. */
function removeDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  const last = segments.length - 1
  for (let i = 1; i <= last; i++) {
    const segment = segments[i] ?? ''
    const isDot = segment === '.' || segment === '..'
    if (segment === '..') kept.pop()
    if (!isDot) kept.push(segment)
    else if (i === last) kept.push('')
  }
  return `/${kept.join('/')}`
}
