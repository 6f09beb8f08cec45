import type { Issue } from '../../../../lib/decoded.ts'
import * as s from '../../../../lib/schema.ts'

const hostname = s.refine(
  s.string({
    maxLength: 253,
    pattern: /[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/,
    describe: 'a lower-case DNS name without wildcard',
  }),
  (found, path) =>
    /^[0-9]+(\.[0-9]+){3}$/.test(found)
      ? [{ message: 'is an IP address', path, found, expected: 'a lower-case DNS name' }]
      : [],
)

const replacement = s.string({
  maxLength: 1024,
  pattern: /[!"$->@-~]*/,
  describe: 'a path of visible ASCII (others percent-encoded) without query or fragment',
})

const pathModifier = s.union('type', {
  ReplaceFullPath: s.object({ type: s.oneOf(['ReplaceFullPath']), replaceFullPath: replacement }),
  ReplacePrefixMatch: s.object({ type: s.oneOf(['ReplacePrefixMatch']), replacePrefixMatch: replacement }),
})

const statusCode = s.refine(s.integer(), (status, path): readonly Issue[] =>
  [301, 302, 303, 307, 308].includes(status)
    ? []
    : [{ message: 'unsupported value', path, found: String(status), expected: 'one of 301, 302, 303, 307, 308' }],
)

/** HTTPRequestRedirectFilter. */
export const redirect = s.object({
  scheme: s.optional(s.oneOf(['http', 'https'])),
  hostname: s.optional(hostname),
  path: s.optional(pathModifier),
  port: s.optional(s.integer({ min: 1, max: 65_535 })),
  statusCode: s.optional(statusCode),
})

/** HTTPURLRewriteFilter. */
export const rewrite = s.object({ hostname: s.optional(hostname), path: s.optional(pathModifier) })
