/**
 * Schemas: one description of a value that reads it, explains what is wrong with it, and documents it.
 * What a value means belongs to whoever declares the schema, never into this file.
 */
import type { Decoded, Issue } from './decoded.ts'
import { joinPath } from './field-path.ts'
import { isJson } from './format-issue.ts'
import { nearestWord } from './nearest.ts'

/** The part of OpenAPI v3 that a CRD may hold. */
export interface JsonSchema {
  readonly [key: string]: unknown
}

/**
 * A description of a value that decodes it, documents it and becomes a CRD's schema.
 * `decode` never throws; each issue names its field by a path that starts with `path`.
 */
export interface Schema<T> {
  readonly decode: (value: unknown, path: string) => Decoded<T>
  readonly json: JsonSchema
}

/** A field that may be missing; made by `optional`. `null` counts as missing, as in the Kubernetes API. */
export interface OptionalSchema<T> extends Schema<T> {
  readonly whenAbsent: 'omit'
}

/** A field that takes `fallback` when it is missing or `null`; made by `withDefault`. */
export interface DefaultedSchema<T> extends Schema<T> {
  readonly whenAbsent: 'default'
  readonly fallback: T
}

/** What a schema decodes to. */
export type ValueOf<S> = S extends Schema<infer T> ? T : never

type FieldSchema = Schema<unknown> & { readonly whenAbsent?: 'omit' | 'default'; readonly fallback?: unknown }
type Fields = Readonly<Record<string, FieldSchema>>
type OmittableKeys<F> = { [K in keyof F]: F[K] extends { readonly whenAbsent: 'omit' } ? K : never }[keyof F]
/** The object type that a table of field schemas describes. */
export type ObjectOf<F> = { readonly [K in Exclude<keyof F, OmittableKeys<F>>]: ValueOf<F[K]> } & {
  readonly [K in OmittableKeys<F>]?: ValueOf<F[K]>
}

/** What to do with fields that the schema does not know; they stay out of the decoded value either way. Default `refuse`. */
export interface ObjectOptions {
  readonly unknownFields?: 'refuse' | 'ignore'
}

/**
 * An object with known fields, each decoded by its own schema; all issues of all fields are collected.
 * A field that is not in the table is an issue that names the nearest known field.
 */
export const object = <const F extends Fields>(fields: F, options: ObjectOptions = {}): Schema<ObjectOf<F>> => {
  const entries = Object.entries<FieldSchema>(fields)
  const refuse = options.unknownFields !== 'ignore'
  const decode = (value: unknown, path: string): Decoded<ObjectOf<F>> => {
    if (!isPlainObject(value)) return mismatch(value, path, 'an object')
    const issues: Issue[] = []
    const result: Record<string, unknown> = {}
    for (const [name, schema] of entries) decodeField({ name, schema, value, path, issues, result })
    if (refuse) issues.push(...unknownFields(value, Object.keys(fields), path))
    // The loop above has filled exactly the fields of the table; TypeScript cannot follow a mapped type that far.
    return issues.length > 0 ? { ok: false, issues } : { ok: true, value: result as ObjectOf<F> }
  }
  const required = entries.filter(([, schema]) => schema.whenAbsent === undefined).map(([name]) => name)
  return {
    decode,
    json: {
      type: 'object',
      properties: Object.fromEntries(entries.map(([name, schema]) => [name, schema.json])),
      ...(required.length > 0 ? { required } : {}),
      ...(refuse ? {} : { 'x-kubernetes-preserve-unknown-fields': true }),
    },
  }
}

interface FieldRead {
  readonly name: string
  readonly schema: FieldSchema
  readonly value: Readonly<Record<string, unknown>>
  readonly path: string
  readonly issues: Issue[]
  readonly result: Record<string, unknown>
}

const decodeField = ({ name, schema, value, path, issues, result }: FieldRead): void => {
  const field = Object.hasOwn(value, name) ? value[name] : undefined
  if (field === undefined || field === null) {
    if (schema.whenAbsent === 'omit') return
    if (schema.whenAbsent === 'default') result[name] = schema.fallback
    else
      issues.push({
        message: 'is missing',
        path: joinPath(path, name),
        found: 'nothing',
        expected: expectation(schema.json),
      })
    return
  }
  const decoded = schema.decode(field, joinPath(path, name))
  if (decoded.ok) result[name] = decoded.value
  else issues.push(...decoded.issues)
}

/** An issue for each field of `value` that is not among `known`, with the nearest known name. */
export const unknownFields = (
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: string,
): readonly Issue[] =>
  Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const nearest = nearestWord(name, known)
      const guess = nearest === undefined ? '' : `; did you mean "${nearest}"?`
      const expected = known.length === 0 ? 'no fields' : `one of ${known.join(', ')}`
      return { message: `unknown field${guess}`, path: joinPath(path, name), found: name, expected }
    })

/** Limits of a text; lengths count UTF-16 units. `secret` keeps the value out of every message. */
export interface StringOptions {
  readonly minLength?: number
  readonly maxLength?: number
  /** Must match the whole text. */
  readonly pattern?: RegExp
  /** The pattern in words, for messages: `an HTTP header name`. */
  readonly describe?: string
  readonly secret?: boolean
}

/** A text. */
export const string = (options: StringOptions = {}): Schema<string> => {
  const { minLength = 0, maxLength = Infinity, pattern, secret = false } = options
  const whole =
    pattern === undefined ? undefined : new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ''))
  const expected = options.describe ?? (pattern === undefined ? 'a string' : `a string that matches ${pattern.source}`)
  const show = (value: unknown): unknown => (secret ? hidden : value)
  return {
    decode: (value, path) => {
      if (typeof value !== 'string') return mismatch(show(value), path, expected)
      if (value.length < minLength) return mismatch(show(value), path, `at least ${count(minLength, 'character')}`)
      if (value.length > maxLength) return mismatch(show(value), path, `at most ${count(maxLength, 'character')}`)
      if (whole !== undefined && !whole.test(value)) return mismatch(show(value), path, expected)
      return { ok: true, value }
    },
    json: {
      type: 'string',
      ...(minLength > 0 ? { minLength } : {}),
      ...(maxLength < Infinity ? { maxLength } : {}),
      ...(whole === undefined ? {} : { pattern: whole.source }),
    },
  }
}

/** One of a list of texts; another one is an issue that names the nearest. */
export const oneOf = <const T extends string>(values: readonly T[]): Schema<T> => ({
  decode: (value, path) => {
    const found = values.find((candidate) => candidate === value)
    if (found !== undefined) return { ok: true, value: found }
    const nearest = typeof value === 'string' ? nearestWord(value, values) : undefined
    const message = nearest === undefined ? 'unsupported value' : `unsupported value; did you mean "${nearest}"?`
    return failure({ message, path, found: formatFound(value), expected: `one of ${values.join(', ')}` })
  },
  json: { type: 'string', enum: values },
})

/** Limits of a number, both included. */
export interface NumberOptions {
  readonly min?: number
  readonly max?: number
}

/** A finite number. */
export const number = (options: NumberOptions = {}): Schema<number> => numeric('number', options)

/** A whole number that JavaScript can hold exactly. */
export const integer = (options: NumberOptions = {}): Schema<number> => numeric('integer', options)

const isNumberInQuotes = (value: unknown): boolean => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)

const numeric = (type: 'number' | 'integer', { min = -Infinity, max = Infinity }: NumberOptions): Schema<number> => {
  const isOne = type === 'integer' ? Number.isSafeInteger : Number.isFinite
  const expected = `${type === 'integer' ? 'an integer' : 'a number'}${formatRange(min, max)}`
  return {
    decode: (value, path) =>
      typeof value === 'number' && isOne(value) && value >= min && value <= max
        ? { ok: true, value }
        : mismatch(value, path, isNumberInQuotes(value) ? `${expected}, without quotes` : expected),
    json: {
      type,
      ...(min > -Infinity ? { minimum: min } : {}),
      ...(max < Infinity ? { maximum: max } : {}),
    },
  }
}

const formatRange = (min: number, max: number): string => {
  if (min > -Infinity && max < Infinity) return ` from ${min} to ${max}`
  if (min > -Infinity) return ` of at least ${min}`
  return max < Infinity ? ` of at most ${max}` : ''
}

/** `true` or `false`. */
export const boolean = (): Schema<boolean> => ({
  decode: (value, path) => (typeof value === 'boolean' ? { ok: true, value } : mismatch(value, path, 'true or false')),
  json: { type: 'boolean' },
})

/** How many items an array may have. */
export interface ArrayOptions {
  readonly minItems?: number
  readonly maxItems?: number
}

/** A list whose items share one schema. */
export const array = <T>(items: Schema<T>, options: ArrayOptions = {}): Schema<readonly T[]> => {
  const { minItems = 0, maxItems = Infinity } = options
  return {
    decode: (value, path) => {
      if (!Array.isArray(value)) return mismatch(value, path, 'an array')
      if (value.length < minItems) return tooMany(value.length, path, `at least ${count(minItems, 'item')}`)
      if (value.length > maxItems) return tooMany(value.length, path, `at most ${count(maxItems, 'item')}`)
      return collect(value.map((item: unknown, index) => items.decode(item, `${path}[${index}]`)))
    },
    json: {
      type: 'array',
      items: items.json,
      ...(minItems > 0 ? { minItems } : {}),
      ...(maxItems < Infinity ? { maxItems } : {}),
    },
  }
}

const tooMany = (length: number, path: string, expected: string): Decoded<never> =>
  failure({ message: 'wrong number of items', path, found: count(length, 'item'), expected })

/** An object with free keys whose values share one schema. */
export const record = <T>(values: Schema<T>): Schema<Readonly<Record<string, T>>> => ({
  decode: (value, path) => {
    if (!isPlainObject(value)) return mismatch(value, path, 'an object')
    const keys = Object.keys(value)
    const decoded = collect(keys.map((key) => values.decode(value[key], joinPath(path, key))))
    if (!decoded.ok) return decoded
    // From entries, because an assignment to the key `__proto__` would change the prototype instead.
    return { ok: true, value: Object.fromEntries(decoded.value.map((item, index) => [keys[index] ?? '', item])) }
  },
  json: { type: 'object', additionalProperties: values.json },
})

/** Any value at all, handed on as it is; for parts that somebody else decodes. */
export const anything = (): Schema<unknown> => ({
  decode: (value) => ({ ok: true, value }),
  json: { 'x-kubernetes-preserve-unknown-fields': true },
})

/** Lets a field of an object be missing: the decoded object then lacks it as well. */
export const optional = <T>(schema: Schema<T>): OptionalSchema<T> => ({
  decode: schema.decode,
  json: schema.json,
  whenAbsent: 'omit',
})

/** Gives a missing field of an object a value; `written` is that value as it would stand in a document (default: the same). */
export const withDefault = <T>(
  schema: Schema<T>,
  fallback: NoInfer<T>,
  written: unknown = fallback,
): DefaultedSchema<T> => ({
  decode: schema.decode,
  json: { ...schema.json, default: written },
  whenAbsent: 'default',
  fallback,
})

/** An object whose field `tag` says which of several schemas holds; each of them knows the field itself. */
export const union = <const V extends Readonly<Record<string, Schema<unknown>>>>(
  tag: string,
  variants: V,
): Schema<ValueOf<V[keyof V]>> => {
  const names = oneOf(Object.keys(variants))
  return {
    decode: (value, path) => {
      if (!isPlainObject(value)) return mismatch(value, path, 'an object')
      const name = names.decode(Object.hasOwn(value, tag) ? value[tag] : undefined, joinPath(path, tag))
      if (!name.ok) return name
      // `names` lets only keys of `variants` through, and each variant decodes to a member of the union.
      return variants[name.value]?.decode(value, path) as Decoded<ValueOf<V[keyof V]>>
    },
    json: { type: 'object', oneOf: Object.values(variants).map((variant) => variant.json) },
  }
}

/** Adds a rule that no single field can state; `check` sees only well-formed values. */
export const refine = <T>(schema: Schema<T>, check: (value: T, path: string) => readonly Issue[]): Schema<T> => ({
  decode: (value, path) => {
    const decoded = schema.decode(value, path)
    if (!decoded.ok) return decoded
    const issues = check(decoded.value, path)
    return issues.length > 0 ? { ok: false, issues } : decoded
  },
  json: schema.json,
})

/** Turns a decoded value into another one; the schema's JSON stays that of the written form. */
export const map = <T, U>(schema: Schema<T>, convert: (value: T) => U): Schema<U> => ({
  decode: (value, path) => {
    const decoded = schema.decode(value, path)
    return decoded.ok ? { ok: true, value: convert(decoded.value) } : decoded
  },
  json: schema.json,
})

/** What no field can state alone, for an API server: a rule in its expression language (CEL), and what to say of a breach. */
export interface ApiRule {
  readonly rule: string
  readonly message: string
}

/** Adds rules to a schema's JSON that say for an API server what `refine` or a decoder says here. */
export const ruled = <S extends Schema<unknown>>(schema: S, rules: readonly ApiRule[]): S => ({
  ...schema,
  json: { ...schema.json, 'x-kubernetes-validations': rules },
})

/** Adds a sentence for people to a schema's JSON. */
export const documented = <S extends Schema<unknown>>(schema: S, description: string): S => ({
  ...schema,
  json: { ...schema.json, description },
})

/** The failed outcome of a single issue. */
export const failure = (issue: Issue): Decoded<never> => ({ ok: false, issues: [issue] })

/** All values, or all issues. */
export const collect = <T>(parts: readonly Decoded<T>[]): Decoded<readonly T[]> => {
  const issues = parts.flatMap((part) => (part.ok ? [] : part.issues))
  if (issues.length > 0) return { ok: false, issues }
  return { ok: true, value: parts.flatMap((part) => (part.ok ? [part.value] : [])) }
}

/** Whether a foreign value is an object with fields, and neither an array nor `null`. */
export const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const hidden = Symbol('hidden')

/** A value as it appears in messages: JSON of at most 200 characters; a text that could not be taken for JSON as it is. */
export const formatFound = (value: unknown): string => {
  if (value === hidden) return '(not shown)'
  if (value === undefined) return 'nothing'
  const text = typeof value === 'string' && !isJson(value) ? value : safeJson(value)
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}

const safeJson = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    // A cycle or a bigint: nothing that JSON or YAML give, but a schema must not throw over it.
    return typeof value
  }
}

const mismatch = (value: unknown, path: string, expected: string): Decoded<never> =>
  failure({ message: 'wrong value', path, found: formatFound(value), expected })

const expectation = (json: JsonSchema): string => {
  if (Array.isArray(json['enum'])) return `one of ${json['enum'].join(', ')}`
  const type = json['type']
  if (typeof type !== 'string') return 'a value'
  return `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`
}

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`
