/** Longer ones need not be passed on (W3C Trace Context, section 3.3.1.5), and nobody is to be flooded by a client. */
const MAX_CHARS = 8192
const MAX_MEMBERS = 32

/** A simple key, or one of a tenant; then what is printable but `,` and `=`, and does not end in a blank. */
const MEMBER =
  /^(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/**
 * Whether a `tracestate`, its fields joined by commas, is valid (W3C Trace Context, section 3.3): at most 32 members, none
 * of whose keys comes twice. One that is not is left out; the trace goes on without it.
 */
export const isTracestate = (value: string): boolean => {
  if (value.length > MAX_CHARS) return false
  const keys = new Set<string>()
  for (const part of value.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '')
    // Members may be empty: lists are joined carelessly.
    if (member === '') continue
    if (!MEMBER.test(member)) return false
    const key = member.slice(0, member.indexOf('='))
    if (keys.has(key) || keys.size === MAX_MEMBERS) return false
    keys.add(key)
  }
  return keys.size > 0
}
