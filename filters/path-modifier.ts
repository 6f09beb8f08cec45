import { schema } from 'fairway/filter'

const path = schema.string({
  maxLength: 1024,
  pattern: /[!"$->@-~]*/,
  describe: 'a path of visible ASCII (others percent-encoded) without query or fragment',
})

/** HTTPPathModifier: another path altogether, or another beginning in place of the prefix that the rule matched. */
export const pathModifier = schema.union('type', {
  ReplaceFullPath: schema.object({ type: schema.oneOf(['ReplaceFullPath']), replaceFullPath: path }),
  ReplacePrefixMatch: schema.object({ type: schema.oneOf(['ReplacePrefixMatch']), replacePrefixMatch: path }),
})

export type PathModifier = schema.ValueOf<typeof pathModifier>

/**
 * The path after the change. `prefix` is the PathPrefix that the rule matched, without trailing slash (`/` itself
 * stays); `undefined` when it matched otherwise: then there is nothing to replace and the result is `undefined` too.
 */
export const modifyPath = (current: string, prefix: string | undefined, modifier: PathModifier): string | undefined => {
  switch (modifier.type) {
    case 'ReplaceFullPath':
      return withLeadingSlash(modifier.replaceFullPath)
    case 'ReplacePrefixMatch':
      return prefix === undefined ? undefined : replacePrefix(current, prefix, modifier.replacePrefixMatch)
  }
}

const replacePrefix = (current: string, prefix: string, replacement: string): string => {
  const rest = prefix === '/' ? current : current.slice(prefix.length)
  const start = trimTrailingSlashes(replacement)
  // Without a start of its own, a rest of `//host` would read as a reference to another host.
  return start === '' ? `/${trimLeadingSlashes(rest)}` : withLeadingSlash(start) + rest
}

const withLeadingSlash = (text: string): string => (text.startsWith('/') ? text : `/${text}`)

const trimTrailingSlashes = (text: string): string => {
  let end = text.length
  while (end > 0 && text[end - 1] === '/') end--
  return text.slice(0, end)
}

const trimLeadingSlashes = (text: string): string => {
  let start = 0
  while (text[start] === '/') start++
  return text.slice(start)
}
