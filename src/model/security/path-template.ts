/**
 * A path with `{*}` for exactly one segment and `{**}` for any number of them, in parts that follow each other.
 * Source: AuthorizationPolicy's `paths`, Istio 1.22 and later.
 */
export type PathTemplate = readonly TemplatePart[]

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  /** One segment, which is not empty. */
  | { readonly kind: 'one' }
  /** Whatever stands there, slashes too; only texts follow. */
  | { readonly kind: 'any' }

/** Whether a path of a policy is meant to be a template. */
export const isPathTemplate = (text: string): boolean => text.includes('{*}') || text.includes('{**}')

/** pchar of RFC 3986, without the asterisk. */
const LITERAL = /^[a-zA-Z0-9._~%!$&'()+,;:@=-]+$/

/** Takes a template apart; a text says what is wrong with it. */
export const parsePathTemplate = (text: string): PathTemplate | string => {
  if (!text.startsWith('/')) return 'a path template begins with /'
  const parts: TemplatePart[] = []
  let literal = ''
  let hasAny = false
  const segments = text.slice(1).split('/')
  for (const [index, segment] of segments.entries()) {
    literal += '/'
    const isOperator = segment === '{*}' || segment === '{**}'
    if (!isOperator) {
      const problem = checkLiteral(segment, index === segments.length - 1)
      if (problem !== undefined) return problem
      literal += segment
      continue
    }
    if (hasAny) return '{**} has to be the last operator'
    hasAny = segment === '{**}'
    parts.push({ kind: 'text', text: literal }, { kind: hasAny ? 'any' : 'one' })
    literal = ''
  }
  return literal === '' ? parts : [...parts, { kind: 'text', text: literal }]
}

const checkLiteral = (segment: string, isLast: boolean): string | undefined => {
  if (segment === '') return isLast ? undefined : 'a segment is empty'
  if (/[{}]/.test(segment)) return `segment ${segment}: an operator is a whole segment, {*} or {**}`
  return LITERAL.test(segment) ? undefined : `segment ${segment}: a character that cannot stand beside operators`
}
