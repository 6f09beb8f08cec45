import { ExpressionError, type Operator, type Syntax } from './syntax.ts'
import { tokenize, type Token } from './tokens.ts'

/** Longer ones are no filter any more. */
export const MAX_EXPRESSION_LENGTH = 4096
/** How deep parts may lie in others. */
const MAX_DEPTH = 50

/**
 * Reads an expression in a subset of the Common Expression Language: `&&`, `||`, `!`, comparisons, `in`, `+`, `? :`,
 * names with `.` and `[]`, lists, calls, texts, numbers and truth values. Throws an `ExpressionError`.
 */
export const parseExpression = (text: string): Syntax => {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionError(`longer than ${MAX_EXPRESSION_LENGTH} characters`, MAX_EXPRESSION_LENGTH)
  }
  return new Parser(tokenize(text)).parse()
}

/** Operators by how tight they bind, the loosest first. */
const LEVELS: readonly (readonly Operator[])[] = [['||'], ['&&'], ['==', '!=', '<', '<=', '>', '>=', 'in'], ['+']]

class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  parse(): Syntax {
    const whole = this.#expression()
    const rest = this.#peek()
    if (rest.kind !== 'end') throw unexpected(rest, 'the end, or an operator')
    return whole
  }

  #expression(): Syntax {
    if (++this.#depth > MAX_DEPTH) throw new ExpressionError('too many parts inside each other', this.#peek().at)
    const when = this.#level(0)
    const mark = this.#take('?')
    if (mark === undefined) return this.#leave(when)
    const one = this.#level(0)
    this.#expect(':')
    return this.#leave({ kind: 'choice', at: mark.at, when, one, other: this.#expression() })
  }

  #leave(syntax: Syntax): Syntax {
    this.#depth--
    return syntax
  }

  #level(level: number): Syntax {
    const operators = LEVELS[level]
    if (operators === undefined) return this.#unary()
    let left = this.#level(level + 1)
    for (;;) {
      const token = this.#peek()
      const operator = operators.find((one) => token.kind !== 'literal' && token.text === one)
      if (operator === undefined) return left
      this.#next++
      left = { kind: 'both', at: token.at, operator, left, right: this.#level(level + 1) }
    }
  }

  #unary(): Syntax {
    const not = this.#take('!')
    if (not !== undefined) {
      if (++this.#depth > MAX_DEPTH) throw new ExpressionError('too many parts inside each other', not.at)
      const of = this.#unary()
      return this.#leave({ kind: 'not', at: not.at, of })
    }
    const minus = this.#take('-')
    if (minus === undefined) return this.#member()
    const number = this.#peek()
    if (number.kind !== 'literal' || typeof number.value !== 'number') throw unexpected(number, 'a number behind -')
    this.#next++
    return { kind: 'literal', at: minus.at, value: -number.value, type: number.type }
  }

  #member(): Syntax {
    let of = this.#primary()
    for (;;) {
      const dot = this.#take('.')
      if (dot !== undefined) {
        of = this.#field(of)
        continue
      }
      const bracket = this.#take('[')
      if (bracket === undefined) return of
      of = { kind: 'index', at: bracket.at, of, key: this.#expression() }
      this.#expect(']')
    }
  }

  #field(of: Syntax): Syntax {
    const name = this.#peek()
    if (name.kind !== 'name') throw unexpected(name, 'a name')
    this.#next++
    if (this.#take('(') === undefined) return { kind: 'select', at: name.at, of, field: name.text }
    return { kind: 'call', at: name.at, name: name.text, on: of, args: this.#items(')') }
  }

  #primary(): Syntax {
    const token = this.#peek()
    this.#next++
    if (token.kind === 'literal') return { kind: 'literal', at: token.at, value: token.value, type: token.type }
    if (token.text === '(') {
      const inner = this.#expression()
      this.#expect(')')
      return inner
    }
    if (token.text === '[') return { kind: 'list', at: token.at, items: this.#items(']') }
    if (token.kind !== 'name' || token.text === 'in') throw unexpected(token, 'a value')
    if (token.text === 'true' || token.text === 'false') {
      return { kind: 'literal', at: token.at, value: token.text === 'true', type: 'bool' }
    }
    if (token.text === 'null') throw new ExpressionError('null is not known here: ask with has(…)', token.at)
    if (this.#take('(') === undefined) return { kind: 'name', at: token.at, name: token.text }
    return { kind: 'call', at: token.at, name: token.text, args: this.#items(')') }
  }

  /** What stands between commas, and the end of it. */
  #items(end: ')' | ']'): readonly Syntax[] {
    const items: Syntax[] = []
    while (this.#take(end) === undefined) {
      if (items.length > 0) this.#expect(',')
      items.push(this.#expression())
    }
    return items
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: 0 }
  }

  #take(symbol: string): Token | undefined {
    const token = this.#peek()
    if (token.kind !== 'symbol' || token.text !== symbol) return undefined
    this.#next++
    return token
  }

  #expect(symbol: string): void {
    if (this.#take(symbol) === undefined) throw unexpected(this.#peek(), symbol)
  }
}

const unexpected = (token: Token, wanted: string): ExpressionError =>
  new ExpressionError(`${token.kind === 'end' ? 'ends' : `has ${token.text}`} where ${wanted} should be`, token.at)
