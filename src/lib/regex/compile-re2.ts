import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'

const require = createRequire(import.meta.url)

/**
 * How many instructions a pattern may compile to. Matching takes at worst a step for each instruction and character:
 * a text of 4,000 characters then costs about 60 ms; a pattern of 1,024 characters that nothing limits, 40 s.
 */
export const maxRegexInstructions = 1000

/**
 * Compiles a pattern in RE2's dialect, which matches in linear time whatever the pattern; throws for a bad one, and a
 * `RangeError` for one that repeats so much that linear is slow. The engine is loaded with the first pattern: it costs each thread 2 MB,
 * and most configurations have none.
 */
export const compileRe2 = (pattern: string): RE2JS => {
  // What `require` gives is not typed; the package has the same shape in both forms.
  const engine = require('re2js') as { readonly RE2JS: typeof RE2JS }
  const compiled = engine.RE2JS.compile(pattern)
  const size = compiled.programSize()
  if (size > maxRegexInstructions) throw new RangeError(`compiles to ${size} instructions`)
  return compiled
}
