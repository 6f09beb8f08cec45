import { ExpressionError, type LiteralType, type Offset } from './syntax.ts'

export type Token =
  | { readonly kind: 'name' | 'symbol'; readonly text: string; readonly at: Offset }
  | {
      readonly kind: 'literal'
      readonly text: string
      readonly at: Offset
      readonly value: string | number
      readonly type: LiteralType
    }
  | { readonly kind: 'end'; readonly text: ''; readonly at: Offset }

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /0x[0-9A-Fa-f]+u?|(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)|[0-9]+u?/y
const SYMBOL = /\|\||&&|[=!<>]=|[()[\],.?:!<>+-]/y
const BLANK = /(?:[\s]|\/\/[^\n]*)*/y
const STRING = /(r|R)?("""[^]*?"""|'''[^]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/y
/** A raw one has no escapes, so that a backslash does not keep a quote from ending it. */
const RAW = /[rR](?:"[^"\n]*"|'[^'\n]*')/y

/** The words of an expression; throws an `ExpressionError`. */
export const tokenize = (text: string): readonly Token[] => {
  const tokens: Token[] = []
  let at = skipBlank(text, 0)
  while (at < text.length) {
    const token = readToken(text, at)
    tokens.push(token)
    at = skipBlank(text, at + token.text.length)
  }
  return [...tokens, { kind: 'end', text: '', at }]
}

const skipBlank = (text: string, at: Offset): Offset => at + (match(BLANK, text, at)?.length ?? 0)

const match = (pattern: RegExp, text: string, at: Offset): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

const readToken = (text: string, at: Offset): Token => {
  const literal = readString(text, at) ?? readNumber(text, at)
  if (literal !== undefined) return literal
  const name = match(NAME, text, at)
  if (name !== undefined) return { kind: 'name', text: name, at }
  const symbol = match(SYMBOL, text, at)
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, at }
  const char = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (char === '"' || char === "'") throw new ExpressionError('a text that does not end', at)
  throw new ExpressionError(`${char} is no part of an expression here`, at)
}

const readNumber = (text: string, at: Offset): Token | undefined => {
  const found = match(NUMBER, text, at)
  if (found === undefined) return undefined
  const value = Number(found.replace(/u$/, ''))
  const isWhole = /^(?:0x[0-9A-Fa-f]+|[0-9]+)u?$/.test(found)
  if (isWhole && !Number.isSafeInteger(value)) throw new ExpressionError(`${found} is too large a number`, at)
  return { kind: 'literal', text: found, at, value, type: isWhole ? 'int' : 'double' }
}

const readString = (text: string, at: Offset): Token | undefined => {
  const raw = match(RAW, text, at)
  if (raw !== undefined) return { kind: 'literal', text: raw, at, value: raw.slice(2, -1), type: 'string' }
  const found = match(STRING, text, at)
  if (found === undefined) return undefined
  const isRaw = /^[rR]/.test(found)
  const quoted = isRaw ? found.slice(1) : found
  const marks = /^(?:"""|''')/.test(quoted) && quoted.length >= 6 ? 3 : 1
  const body = quoted.slice(marks, -marks)
  const value = isRaw ? body : unescape(body, at)
  return { kind: 'literal', text: found, at, value, type: 'string' }
}

const SIMPLE: Readonly<Record<string, string>> = {
  ...{ n: '\n', r: '\r', t: '\t', a: '\u0007', b: '\b', f: '\f', v: '\v' },
  ...{ '\\': '\\', "'": "'", '"': '"', '`': '`', '?': '?' },
}

const unescape = (body: string, at: Offset): string =>
  body.replace(
    /\\(?:[xX]([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([^]))/g,
    (whole: string, byte?: string, unit?: string, char?: string) => {
      const code = byte ?? unit
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
      const simple = char === undefined ? undefined : SIMPLE[char]
      if (simple === undefined) throw new ExpressionError(`${whole} is no escape that is known here`, at)
      return simple
    },
  )
