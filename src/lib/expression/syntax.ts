/** A place in the text of an expression, counted from 0. */
export type Offset = number

/** An expression as it is written: a subset of the Common Expression Language (CEL). */
export type Syntax =
  | {
      readonly kind: 'literal'
      readonly at: Offset
      readonly value: string | number | boolean
      readonly type: LiteralType
    }
  | { readonly kind: 'name'; readonly at: Offset; readonly name: string }
  | { readonly kind: 'select'; readonly at: Offset; readonly of: Syntax; readonly field: string }
  | { readonly kind: 'index'; readonly at: Offset; readonly of: Syntax; readonly key: Syntax }
  | { readonly kind: 'list'; readonly at: Offset; readonly items: readonly Syntax[] }
  | { readonly kind: 'not'; readonly at: Offset; readonly of: Syntax }
  | {
      readonly kind: 'both'
      readonly at: Offset
      readonly operator: Operator
      readonly left: Syntax
      readonly right: Syntax
    }
  | {
      readonly kind: 'choice'
      readonly at: Offset
      readonly when: Syntax
      readonly one: Syntax
      readonly other: Syntax
    }
  | {
      readonly kind: 'call'
      readonly at: Offset
      readonly name: string
      readonly on?: Syntax
      readonly args: readonly Syntax[]
    }

export type LiteralType = 'string' | 'int' | 'double' | 'bool'

/** Between two operands, from the loosest to the tightest. */
export type Operator = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+'

/** What is wrong with an expression, and where in its text. */
export class ExpressionError extends Error {
  readonly at: Offset

  constructor(message: string, at: Offset) {
    super(message)
    this.name = 'ExpressionError'
    this.at = at
  }
}
