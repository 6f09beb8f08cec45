const utf8 = new TextDecoder('utf-8', { fatal: true })

interface ExactJson {
  readonly parse: (
    text: string,
    revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown
  readonly rawJSON: (text: string) => unknown
  readonly isRawJSON: (value: unknown) => boolean
}

/** TypeScript's library does not have these yet (ECMAScript 2026: JSON.parse source text access). */
const exact = JSON as unknown as ExactJson

/** Numbers that may be others when JavaScript has read them: many digits, or an exponent. */
const DELICATE = /\d{16}|\d[eE][+-]?\d/

/** Reads a body as JSON, or throws. Numbers that JavaScript cannot hold keep their text; of a name given twice the last counts. */
export const readJson = (bytes: Uint8Array): unknown => {
  const text = utf8.decode(bytes)
  return DELICATE.test(text) ? exact.parse(text, keepNumber) : JSON.parse(text)
}

const keepNumber = (_name: string, value: unknown, context: { readonly source?: string }): unknown => {
  const { source } = context
  return typeof value === 'number' && source !== undefined && String(value) !== source ? exact.rawJSON(source) : value
}

/** An object or a list; not what stands for a number. */
export const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !exact.isRawJSON(value)
