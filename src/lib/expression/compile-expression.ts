/**
 * Makes a function of an expression, once, with all types checked: what can be wrong with it is said when it is read,
 * and not with each value that it looks at. What the names mean is for whoever hands in the attributes.
 */
import { compileBoth, compileTruth } from './compile-operator.ts'
import { compileCall } from './compile-call.ts'
import type { Compiled, Compiler, ExpressionScope, Value } from './compiler.ts'
import { nearestWord } from '../nearest.ts'
import { parseExpression } from './parse-expression.ts'
import { ExpressionError, type Syntax } from './syntax.ts'

/** A value of an expression, or what is wrong with its text. */
export type CompileOutcome<I> =
  | { readonly ok: true; readonly value: Compiled<I> }
  | { readonly ok: false; readonly message: string; readonly at: number }

/** Compiles an expression of any type. */
export const compileExpression = <I>(text: string, scope: ExpressionScope<I>): CompileOutcome<I> => {
  try {
    return { ok: true, value: createCompiler(scope).compile(parseExpression(text)) }
  } catch (error) {
    if (error instanceof ExpressionError) return { ok: false, message: error.message, at: error.at }
    throw error
  }
}

/** Compiles a condition; what has no answer (a header that is not there, say) is not fulfilled. */
export const compileCondition = <I>(
  text: string,
  scope: ExpressionScope<I>,
): { readonly ok: true; readonly value: (input: I) => boolean } | Extract<CompileOutcome<I>, { ok: false }> => {
  const compiled = compileExpression(text, scope)
  if (!compiled.ok) return compiled
  const { type, run } = compiled.value
  if (type !== 'bool') return { ok: false, message: `is ${type}, and no condition`, at: 0 }
  return { ok: true, value: (input) => run(input) === true }
}

const createCompiler = <I>(scope: ExpressionScope<I>): Compiler<I> => {
  const compiler: Compiler<I> = {
    scope,
    compile: (syntax) => compileSyntax(syntax, compiler),
    findMap: (syntax) => {
      const path = pathOf(syntax)
      const attribute = path === undefined ? undefined : scope.attributes.get(path)
      return attribute?.type === 'map' ? attribute : undefined
    },
  }
  return compiler
}

const compileSyntax = <I>(syntax: Syntax, compiler: Compiler<I>): Compiled<I> => {
  switch (syntax.kind) {
    case 'literal': {
      const { value, type } = syntax
      return { type, run: () => value, constant: value }
    }
    case 'name':
    case 'select':
      return compileName(syntax, compiler)
    case 'index':
      return compileIndex(syntax, compiler)
    case 'list':
      throw new ExpressionError('a list can only stand behind in', syntax.at)
    case 'not': {
      const { run } = compileTruth(syntax.of, compiler)
      return { type: 'bool', run: (input) => negate(run(input)) }
    }
    case 'both':
      return compileBoth(syntax, compiler)
    case 'choice':
      return compileChoice(syntax, compiler)
    case 'call':
      return compileCall(syntax, compiler)
  }
}

const negate = (value: Value): Value => (value === undefined ? undefined : value !== true)

/** `request.headers` of names and fields; `undefined` for anything else. */
export const pathOf = (syntax: Syntax): string | undefined => {
  if (syntax.kind === 'name') return syntax.name
  if (syntax.kind !== 'select') return undefined
  const of = pathOf(syntax.of)
  return of === undefined ? undefined : `${of}.${syntax.field}`
}

const compileName = <I>(
  syntax: Extract<Syntax, { kind: 'name' | 'select' }>,
  { scope, findMap }: Compiler<I>,
): Compiled<I> => {
  const path = pathOf(syntax)
  if (path === undefined) throw new ExpressionError('only names have fields here', syntax.at)
  const attribute = scope.attributes.get(path)
  if (attribute !== undefined && attribute.type !== 'map') return { type: attribute.type, run: attribute.read }
  if (attribute !== undefined)
    throw new ExpressionError(`${path} is a map: ask for one of its keys, ${path}['…']`, startOf(syntax))
  const map = syntax.kind === 'select' ? findMap(syntax.of) : undefined
  if (map !== undefined && syntax.kind === 'select') {
    const { field } = syntax
    return { type: 'string', run: (input) => map.read(input, field) }
  }
  throw new ExpressionError(explainUnknown(path, scope), startOf(syntax))
}

const startOf = (syntax: Syntax): number => (syntax.kind === 'select' ? startOf(syntax.of) : syntax.at)

const explainUnknown = <I>(path: string, { attributes }: ExpressionScope<I>): string => {
  const known = [...attributes.keys()]
  const under = known.filter((name) => name.startsWith(`${path}.`))
  if (under.length > 0) return `${path} is no value itself: it has ${under.join(', ')}`
  const nearest = nearestWord(path, known)
  return `${path} is not known here${nearest === undefined ? '' : `: did you mean ${nearest}?`}`
}

const compileIndex = <I>(
  syntax: Extract<Syntax, { kind: 'index' }>,
  { compile, findMap }: Compiler<I>,
): Compiled<I> => {
  const map = findMap(syntax.of)
  if (map === undefined) throw new ExpressionError('only maps like request.headers have keys', syntax.at)
  const key = compile(syntax.key)
  if (key.type !== 'string') throw new ExpressionError(`a key is a text, and not ${key.type}`, syntax.key.at)
  const { constant } = key
  if (typeof constant === 'string') return { type: 'string', run: (input) => map.read(input, constant) }
  return {
    type: 'string',
    run: (input) => {
      const name = key.run(input)
      return typeof name === 'string' ? map.read(input, name) : undefined
    },
  }
}

const compileChoice = <I>(syntax: Extract<Syntax, { kind: 'choice' }>, compiler: Compiler<I>): Compiled<I> => {
  const when = compileTruth(syntax.when, compiler)
  const one = compiler.compile(syntax.one)
  const other = compiler.compile(syntax.other)
  if (one.type !== other.type) {
    throw new ExpressionError(`is ${one.type} or ${other.type}: make them one type`, syntax.at)
  }
  return {
    type: one.type,
    run: (input) => {
      const is = when.run(input)
      return is === undefined ? undefined : (is === true ? one : other).run(input)
    },
  }
}
