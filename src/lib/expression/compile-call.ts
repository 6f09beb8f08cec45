import { parseDuration } from '../duration.ts'
import { nearestWord } from '../nearest.ts'
import { compileRe2 } from '../regex/compile-re2.ts'
import { thrownMessage } from '../errors/thrown-text.ts'
import type { Compiled, Compiler, Value, ValueType } from './compiler.ts'
import { ExpressionError, type Syntax } from './syntax.ts'

type Call = Extract<Syntax, { kind: 'call' }>

/** `name(…)` or `value.name(…)`. */
export const compileCall = <I>(call: Call, compiler: Compiler<I>): Compiled<I> => {
  const make: CallCompiler<I> | undefined = call.on === undefined ? functions[call.name] : methods[call.name]
  if (make !== undefined) return make(call, compiler)
  const known = Object.keys(call.on === undefined ? functions : methods)
  const nearest = nearestWord(call.name, known)
  const hint = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`
  throw new ExpressionError(`the function ${call.name} is not known here: ${hint}`, call.at)
}

type CallCompiler<I> = (call: Call, compiler: Compiler<I>) => Compiled<I>

/** The only argument, compiled. */
const only = <I>(call: Call, { compile }: Compiler<I>): Compiled<I> => compile(onlyArgument(call))

const onlyArgument = (call: Call): Syntax => {
  const [arg, ...more] = call.args
  if (arg === undefined || more.length > 0) throw new ExpressionError(`${call.name} takes one argument`, call.at)
  return arg
}

/** A key of a map is there even if its value is empty; anything else that is empty is not. */
const isThere = <I>(call: Call, { compile, findMap }: Compiler<I>): Compiled<I> => {
  const arg = onlyArgument(call)
  if (arg.kind !== 'select' && arg.kind !== 'index') {
    throw new ExpressionError("has wants a name with a field: has(request.headers['x'])", arg.at)
  }
  const { run } = compile(arg)
  const none = findMap(arg.of) === undefined ? '' : undefined
  return {
    type: 'bool',
    run: (input) => {
      const value = run(input)
      return value !== undefined && value !== none
    },
  }
}

const sizeOf = <I>(call: Call, compiler: Compiler<I>): Compiled<I> => {
  const { type, run } = only(call, compiler)
  if (type !== 'string') throw new ExpressionError(`size wants a text, and not ${type}`, call.at)
  return {
    type: 'int',
    run: (input) => {
      const value = run(input)
      return typeof value === 'string' ? Array.from(value).length : undefined
    },
  }
}

/** A conversion; what cannot be converted has no value. */
const to =
  (type: ValueType, convert: (value: Exclude<Value, undefined>) => Value) =>
  <I>(call: Call, compiler: Compiler<I>): Compiled<I> => {
    const { run } = only(call, compiler)
    return {
      type,
      run: (input) => {
        const value = run(input)
        return value === undefined ? undefined : convert(value)
      },
    }
  }

const toNumber = (value: Exclude<Value, undefined>): number | undefined => {
  if (typeof value === 'boolean' || value === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

const toInt = (value: Exclude<Value, undefined>): number | undefined => {
  const number = toNumber(value)
  return number === undefined ? undefined : Math.trunc(number)
}

const duration = <I>(call: Call, { compile }: Compiler<I>): Compiled<I> => {
  const arg = onlyArgument(call)
  const { constant } = compile(arg)
  const ms = typeof constant === 'string' ? toMs(constant) : undefined
  if (ms === undefined) throw new ExpressionError("duration wants a text like '500ms', '1.5s' or '1m'", arg.at)
  return { type: 'duration', run: () => ms, constant: ms }
}

const toMs = (text: string): number | undefined => {
  const seconds = /^([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)$/.exec(text)
  if (seconds === null) return parseDuration(text)
  return Number(seconds[1]) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[seconds[2] ?? 's'] ?? 1000)
}

const sample = <I>(call: Call, { compile, scope }: Compiler<I>): Compiled<I> => {
  const arg = onlyArgument(call)
  const { constant: share } = compile(arg)
  const { random } = scope
  if (random === undefined) throw new ExpressionError('sample is for logs only', call.at)
  if (typeof share !== 'number' || share < 0 || share > 1) {
    throw new ExpressionError('sample wants a share from 0 to 1, like 0.01', arg.at)
  }
  return { type: 'bool', run: () => random() < share }
}

// A table of any input: none of them looks at it itself.
const functions: Readonly<Record<string, <I>(call: Call, compiler: Compiler<I>) => Compiled<I>>> = {
  has: isThere,
  size: sizeOf,
  int: to('int', toInt),
  double: to('double', toNumber),
  string: to('string', String),
  duration,
  sample,
}

/** A test of a text by another. */
const textTest =
  (test: (text: string, other: string) => boolean) =>
  <I>(call: Call, compiler: Compiler<I>): Compiled<I> => {
    const text = textOf(call, compiler)
    const other = only(call, compiler)
    if (other.type !== 'string') throw new ExpressionError(`${call.name} wants a text`, call.at)
    return {
      type: 'bool',
      run: (input) => {
        const value = text(input)
        const by = other.run(input)
        return typeof value === 'string' && typeof by === 'string' ? test(value, by) : undefined
      },
    }
  }

const textOf = <I>(call: Call, { compile }: Compiler<I>): ((input: I) => Value) => {
  const { type, run } = call.on === undefined ? { type: 'none', run: () => undefined } : compile(call.on)
  if (type !== 'string') throw new ExpressionError(`${call.name} is for texts, and not for ${type}`, call.at)
  return run
}

const matches = <I>(call: Call, compiler: Compiler<I>): Compiled<I> => {
  const text = textOf(call, compiler)
  const arg = onlyArgument(call)
  const { constant } = compiler.compile(arg)
  if (typeof constant !== 'string') throw new ExpressionError('matches wants a pattern as it is', arg.at)
  const pattern = compilePattern(constant, arg.at)
  return {
    type: 'bool',
    run: (input) => {
      const value = text(input)
      return typeof value === 'string' ? pattern.matcher(value).find() : undefined
    },
  }
}

const compilePattern = (pattern: string, at: number): ReturnType<typeof compileRe2> => {
  try {
    return compileRe2(pattern)
  } catch (error) {
    throw new ExpressionError(`${pattern} is no pattern of RE2: ${thrownMessage(error)}`, at)
  }
}

const changed =
  (change: (text: string) => string) =>
  <I>(call: Call, compiler: Compiler<I>): Compiled<I> => {
    const text = textOf(call, compiler)
    if (call.args.length > 0) throw new ExpressionError(`${call.name} takes no arguments`, call.at)
    return {
      type: 'string',
      run: (input) => {
        const value = text(input)
        return typeof value === 'string' ? change(value) : undefined
      },
    }
  }

const methods: typeof functions = {
  startsWith: textTest((text, other) => text.startsWith(other)),
  endsWith: textTest((text, other) => text.endsWith(other)),
  contains: textTest((text, other) => text.includes(other)),
  matches,
  lowerAscii: changed((text) => text.toLowerCase()),
  upperAscii: changed((text) => text.toUpperCase()),
}
