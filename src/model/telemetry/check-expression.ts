import { compileCondition, compileExpression } from '../../lib/expression/compile-expression.ts'
import type { Attribute, ExpressionScope, ValueType } from '../../lib/expression/compiler.ts'
import { exchangeAttributes } from './attributes.ts'

/** Of nothing: only types count. */
const scope: ExpressionScope<undefined> = {
  attributes: new Map(
    Object.entries(exchangeAttributes).map(([name, type]): [string, Attribute<undefined>] => [
      name,
      type === 'map' ? { type, read: () => undefined } : { type, read: () => undefined },
    ]),
  ),
}

/** What is wrong with the text of a condition or format, with the column where that shows; columns count from 1. */
export interface TextFault {
  readonly message: string
  readonly column: number
}

const faultOf = ({ message, at }: { readonly message: string; readonly at: number }): TextFault => ({
  message,
  column: at + 1,
})

/** What is wrong with a filter of access logs (Telemetry `filter.expression`); `undefined`: nothing. */
export const findFilterFault = (expression: string): TextFault | undefined => {
  const compiled = compileCondition(expression, { ...scope, random: () => 0 })
  return compiled.ok ? undefined : faultOf(compiled)
}

/** The type of an expression that gives a value (of a metric tag, say), or what is wrong with it. */
export const checkValueExpression = (
  expression: string,
): { readonly ok: true; readonly type: ValueType } | { readonly ok: false; readonly fault: TextFault } => {
  const compiled = compileExpression(expression, scope)
  return compiled.ok ? { ok: true, type: compiled.value.type } : { ok: false, fault: faultOf(compiled) }
}
