import { isPathTemplate, parsePathTemplate, type PathTemplate } from '../../../model/security/path-template.ts'
import { compileTexts, type TextMatcher } from './texts.ts'

/**
 * What may stand for an operator: `plain` characters of a path alone, which is all that Envoy takes there, or `any`. Whoever
 * refuses by what fits takes `any`: to a Service `/users/a*b` is a user as well.
 */
export type OperatorText = 'plain' | 'any'

/** pchar of RFC 3986 without the asterisk, as in a template, and slashes. */
const PLAIN = /^[a-zA-Z0-9._~%!$&'()+,;:@=/-]*$/

/** Compiles paths as texts are, and path templates; a template that is none fits nothing. */
export const compilePaths = (patterns: readonly string[], operatorText: OperatorText): TextMatcher => {
  const plain = compileTexts(patterns.filter((pattern) => !isPathTemplate(pattern)))
  const templates = patterns.filter(isPathTemplate).flatMap((pattern): readonly PathTemplate[] => {
    const template = parsePathTemplate(pattern)
    return typeof template === 'string' ? [] : [template]
  })
  if (templates.length === 0) return plain
  return (path) => {
    if (path === undefined) return false
    if (plain(path)) return true
    if (!templates.some((template) => fitsTemplate(path, template))) return false
    return operatorText === 'any' || PLAIN.test(path)
  }
}

/** Whether the whole of a path fits a template. */
export const fitsTemplate = (path: string, template: PathTemplate): boolean => {
  let position = 0
  for (const [index, part] of template.entries()) {
    switch (part.kind) {
      case 'text':
        if (!path.startsWith(part.text, position)) return false
        position += part.text.length
        break
      case 'one': {
        const slash = path.indexOf('/', position)
        const end = slash === -1 ? path.length : slash
        if (end === position) return false
        position = end
        break
      }
      case 'any': {
        // Only one text can follow, which has to be the end.
        const rest = template[index + 1]
        const tail = rest?.kind === 'text' ? rest.text : ''
        return path.length - position >= tail.length && path.endsWith(tail)
      }
    }
  }
  return position === path.length
}
