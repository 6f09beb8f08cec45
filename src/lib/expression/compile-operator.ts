import type { Compiled, Compiler, Value, ValueType } from './compiler.ts'
import { ExpressionError, type Syntax } from './syntax.ts'

type Both = Extract<Syntax, { kind: 'both' }>

/** A part that has to be true or false. */
export const compileTruth = <I>(syntax: Syntax, { compile }: Compiler<I>): Compiled<I> => {
  const compiled = compile(syntax)
  if (compiled.type !== 'bool') throw new ExpressionError(`${compiled.type} is neither true nor false`, syntax.at)
  return compiled
}

/** An operator and what stands on its sides. */
export const compileBoth = <I>(syntax: Both, compiler: Compiler<I>): Compiled<I> => {
  switch (syntax.operator) {
    case '&&':
    case '||':
      return compileLogic(syntax, compiler)
    case 'in':
      return compileIn(syntax, compiler)
    case '+':
      return compileSum(syntax, compiler)
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compileComparison(syntax, compiler)
  }
}

/** One side that decides is enough, even if the other has no answer. */
const compileLogic = <I>({ operator, left, right }: Both, compiler: Compiler<I>): Compiled<I> => {
  const one = compileTruth(left, compiler).run
  const other = compileTruth(right, compiler).run
  const deciding = operator === '||'
  return {
    type: 'bool',
    run: (input) => {
      const first = one(input)
      if (first === deciding) return deciding
      const second = other(input)
      return second === deciding || first !== undefined ? second : undefined
    },
  }
}

const numeric: readonly ValueType[] = ['int', 'double']

const isAlike = (one: ValueType, other: ValueType): boolean =>
  one === other || (numeric.includes(one) && numeric.includes(other))

const compileComparison = <I>({ operator, at, left, right }: Both, { compile }: Compiler<I>): Compiled<I> => {
  const one = compile(left)
  const other = compile(right)
  if (!isAlike(one.type, other.type)) {
    throw new ExpressionError(`${operator} compares ${one.type} with ${other.type}`, at)
  }
  if (one.type === 'bool' && operator !== '==' && operator !== '!=') {
    throw new ExpressionError(`${operator} cannot put truth values in order`, at)
  }
  const compare = comparisons[operator]
  if (compare === undefined) throw new ExpressionError(`${operator} is not known here`, at)
  return {
    type: 'bool',
    run: (input) => {
      const first = one.run(input)
      const second = other.run(input)
      return first === undefined || second === undefined ? undefined : compare(first, second)
    },
  }
}

type Known = Exclude<Value, undefined>

const comparisons: Partial<Record<Both['operator'], (one: Known, other: Known) => boolean>> = {
  '==': (one, other) => one === other,
  '!=': (one, other) => one !== other,
  '<': (one, other) => one < other,
  '<=': (one, other) => one <= other,
  '>': (one, other) => one > other,
  '>=': (one, other) => one >= other,
}

const compileIn = <I>({ at, left, right }: Both, compiler: Compiler<I>): Compiled<I> => {
  const one = compiler.compile(left)
  const map = compiler.findMap(right)
  if (map !== undefined) {
    if (one.type !== 'string') throw new ExpressionError(`a key is a text, and not ${one.type}`, left.at)
    return {
      type: 'bool',
      run: (input) => {
        const key = one.run(input)
        return typeof key === 'string' ? map.read(input, key) !== undefined : undefined
      },
    }
  }
  if (right.kind !== 'list') throw new ExpressionError('in wants a list, or a map like request.headers', at)
  const items = right.items.map((item) => {
    const { type, constant } = compiler.compile(item)
    if (constant === undefined) throw new ExpressionError('a list holds texts and numbers as they are', item.at)
    if (!isAlike(type, one.type)) throw new ExpressionError(`${one.type} is in no list with ${type}`, item.at)
    return constant
  })
  const among = new Set<Value>(items)
  return {
    type: 'bool',
    run: (input) => {
      const value = one.run(input)
      return value === undefined ? undefined : among.has(value)
    },
  }
}

/** Texts that grow into each other stay bounded by this. */
const MAX_TEXT = 8192

const compileSum = <I>({ at, left, right }: Both, { compile }: Compiler<I>): Compiled<I> => {
  const one = compile(left)
  const other = compile(right)
  if (!isAlike(one.type, other.type) || one.type === 'bool') {
    throw new ExpressionError(`+ cannot add ${other.type} to ${one.type}: string(…) makes a text of it`, at)
  }
  const type = one.type === 'int' ? other.type : one.type
  return {
    type,
    run: (input) => {
      const first = one.run(input)
      const second = other.run(input)
      if (typeof first === 'number' && typeof second === 'number') return first + second
      return typeof first === 'string' && typeof second === 'string' ? (first + second).slice(0, MAX_TEXT) : undefined
    },
  }
}
