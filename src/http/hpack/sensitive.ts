/**
 * Fields that carry secrets: they never enter a table, where their compressed size could be used to guess them, and
 * they are marked so that no further hop indexes them either (RFC 7541 section 7.1.3).
 */
const SENSITIVE_NAMES: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
  'x-api-key',
  'x-csrf-token',
  'x-xsrf-token',
])

/** Names that a peer can have us treat so on a connection; beyond it, nothing new is indexed at all. */
export const MAX_NEVER_INDEXED_NAMES = 64

/** Whether fields with this lower-case name are always sent as "never indexed". */
export function isSensitiveName(name: string): boolean {
  return SENSITIVE_NAMES.has(name)
}
