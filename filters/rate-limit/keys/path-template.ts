import { schema } from 'fairway/filter'

/** A path with `{name}` for any one segment; `/**` at its end is for all that lies below. */
export const pathTemplate = schema.string({
  minLength: 1,
  maxLength: 1024,
  pattern: /(\/(\{[A-Za-z0-9_-]+\}|[^/{}?#*\s]+))*(\/\*\*|\/)?/,
  describe: 'a path with {name} for any one segment, and perhaps /** at its end: /orders/{id}',
})

/** Makes the question whether a path fits a template. */
export const compileTemplate = (template: string): ((path: string) => boolean) => {
  const isOpen = template.endsWith('/**')
  const wanted = (isOpen ? template.slice(0, -3) : template).split('/')
  return (path) => {
    let start = 0
    for (const segment of wanted) {
      if (start > path.length) return false
      const slash = path.indexOf('/', start)
      const end = slash === -1 ? path.length : slash
      const isAny = segment.startsWith('{')
      const fits = isAny ? end > start : end - start === segment.length && path.startsWith(segment, start)
      if (!fits) return false
      start = end + 1
    }
    // Past the end by one: nothing is left.
    return isOpen || start === path.length + 1
  }
}
