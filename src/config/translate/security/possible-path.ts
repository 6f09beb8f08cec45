import { normalizePath } from '../../../http/path.ts'
import type { PathNormalization } from '../../../model/model.ts'
import { isPathTemplate, parsePathTemplate } from '../../../model/security/path-template.ts'

/**
 * Why no path that a policy may be asked about fits a value of `paths`: all of them have been normalised. A path comes out of that as it
 * went in, or it never comes out. `undefined` for a value that some path fits.
 */
export const whyNoPath = (value: string, mode: PathNormalization): string | undefined => {
  if (!value.startsWith('/') && !value.startsWith('*')) return 'since paths begin with /'
  if (value.includes('?')) return 'since the query is no part of the path'
  const [first, ...others] = pathsThatFit(value)
  if (first === undefined || others.some((path) => normalizePath(path, mode) === path)) return undefined
  return whyNotNormal(first, mode, first === value)
}

/** Why no request is one for this very path once its own is normalised; `undefined`: some are. */
export const whyNotNormal = (path: string, mode: PathNormalization, tellsNormal = true): string | undefined => {
  const normal = normalizePath(path, mode)
  if (normal === path) return undefined
  if (normal === undefined) return 'since a request for such a path is refused (400)'
  return `since paths are compared normalised${tellsNormal ? ` as ${JSON.stringify(normal)}` : ''} (${mode})`
}

/**
 * Paths that fit a value, and of which one at least is normal if any is. What makes a path another one stands within the value
 * itself; only an escape or a dot segment that it breaks off in may come to something else.
 */
const pathsThatFit = (value: string): readonly string[] => {
  if (isPathTemplate(value)) {
    const template = parsePathTemplate(value)
    if (typeof template === 'string') return []
    return [template.map((part) => (part.kind === 'text' ? part.text : 'x')).join('')]
  }
  if (value === '*') return []
  if (value.startsWith('*')) return [`/x${value.slice(1)}`]
  if (!value.endsWith('*')) return [value]
  const prefix = value.slice(0, -1)
  return ['', 'x', '25', ...HEX].map((rest) => prefix + rest)
}

const HEX = '0123456789ABCDEF'.split('')
