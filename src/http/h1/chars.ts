/**
 * Character classes of RFC 9110 section 5 and RFC 9112 section 3 as tables indexed by byte.
 * They are filled once, here, and never written again (typed arrays cannot be frozen).
 */

/** The lower-case form of a token character, 0 for every other byte (RFC 9110 section 5.6.2). */
export const TOKEN_LOWER: Uint8Array = table((code) => {
  if (code >= 0x41 && code <= 0x5a) return code + 0x20
  return /[a-z0-9!#$%&'*+.^_`|~-]/.test(String.fromCharCode(code)) ? code : 0
})

/** 1 for what a field value may hold: HTAB, SP, visible ASCII and obs-text (RFC 9110 section 5.5). */
export const FIELD_VALUE: Uint8Array = table((code) => (code === 0x09 || (code >= 0x20 && code !== 0x7f) ? 1 : 0))

/**
 * 1 for what a request target may hold: visible ASCII without `#`. Wider than RFC 3986 (`|`, `{`, `"` and `\` are sent
 * by real clients), but never obs-text: a rule written in UTF-8 would not match the raw bytes, and a policy be evaded.
 */
export const TARGET: Uint8Array = table((code) => (code > 0x20 && code < 0x7f && code !== 0x23 ? 1 : 0))

/** The value of a hexadecimal digit plus 1, 0 for every other byte. */
export const HEX_PLUS_ONE: Uint8Array = table((code) => {
  const digit = String.fromCharCode(code)
  return /[0-9a-fA-F]/.test(digit) ? Number.parseInt(digit, 16) + 1 : 0
})

const METHOD = /^[A-Z0-9!#$%&'*+.^_`|~-]{1,32}$/
const NOT_IN_TARGET = /[^\x21-\x7e]|#/

/** Whether `text` is a method as we take it: capitals, and no longer than any that exists. */
export function isMethod(text: string): boolean {
  // The reader has one and the same text for it.
  return text === 'GET' || METHOD.test(text)
}

/** Whether `text` may stand in a request target, as `TARGET` has it. */
export function isTarget(text: string): boolean {
  return !NOT_IN_TARGET.test(text)
}

export const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20

function table(classify: (code: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => classify(code))
}
