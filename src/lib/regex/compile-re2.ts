import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'

const require = createRequire(import.meta.url)

/**
 * Compiles a pattern in RE2's dialect, which matches in linear time whatever the pattern; throws for a bad one. The
 * engine is loaded with the first pattern: it costs each thread 2 MB, and most configurations have none.
 */
export const compileRe2 = (pattern: string): RE2JS => {
  // What `require` gives is not typed; the package has the same shape in both forms.
  const engine = require('re2js') as { readonly RE2JS: typeof RE2JS }
  return engine.RE2JS.compile(pattern)
}
