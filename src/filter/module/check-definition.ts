import { nearestWord } from '../../lib/nearest.ts'
import { formatFound, isPlainObject } from '../../lib/schema.ts'
import type { FilterModule } from '../../model/filter-spec.ts'
import { stages } from '../index.ts'
import type { Filter, FilterDefinition } from '../index.ts'
import { ModuleError } from './module-fault.ts'

/** What is looked at to say where. */
export type Source = Pick<FilterModule, 'entry' | 'files'>

interface Field {
  readonly expected: string
  readonly isOptional?: true
  readonly isGood: (value: unknown) => boolean
}

const isFunction = (value: unknown): boolean => typeof value === 'function'
const isOneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value)

const bodyMode: Field = {
  expected: 'stream, buffer or watch',
  isOptional: true,
  isGood: isOneOf('stream', 'buffer', 'watch'),
}

const bodyFields: Readonly<Record<string, Field>> = {
  request: bodyMode,
  response: bodyMode,
  limitBytes: {
    expected: 'a whole number above 0',
    isOptional: true,
    isGood: (value) => typeof value === 'number' && Number.isSafeInteger(value) && value > 0,
  },
}

/** Those of `FilterDefinition`. */
const fields: Readonly<Record<string, Field>> = {
  kind: {
    expected:
      'a name like StampVersion: letters and digits, at most 63, the first a capital; not App, which is another kind',
    isGood: (value) => typeof value === 'string' && /^(?!App$)[A-Z][A-Za-z0-9]{0,62}$/.test(value),
  },
  stage: { expected: `one of ${stages.join(', ')}`, isGood: isOneOf(...stages) },
  config: {
    expected: 'a schema of fairway/filter: schema.object({ … })',
    isGood: (value) => isPlainObject(value) && isFunction(value['decode']),
  },
  body: { expected: 'an object with request, response, limitBytes', isOptional: true, isGood: isPlainObject },
  failureMode: { expected: 'open or closed', isOptional: true, isGood: isOneOf('open', 'closed') },
  create: { expected: 'a function', isGood: isFunction },
  warmUp: { expected: 'a function', isOptional: true, isGood: isFunction },
}

/** The default export of a module as a definition; throws what is wrong with it. */
export const checkDefinition = (exported: unknown, code: Source): FilterDefinition => {
  const refuse = (message: string): never => refuseExport(message, code)
  const exportedAs = isPlainObject(exported) ? exported['default'] : undefined
  if (!isPlainObject(exportedAs)) {
    const found = exportedAs === undefined ? 'nothing' : describe(exportedAs)
    return refuse(
      `wrong default export: found ${found}, expected a FilterDefinition: export default { kind, stage, … }`,
    )
  }
  // Read once: what has been looked at is what is used, whatever it says the next time.
  const definition = readOnce(exportedAs)
  const wrong = findWrong(definition, fields) ?? findWrong(definition['body'] ?? {}, bodyFields, 'body.')
  if (wrong !== undefined) return refuse(`the default export is no FilterDefinition: ${wrong}`)
  // Each of its fields has just been looked at.
  return definition as unknown as FilterDefinition
}

/** Throws what is wrong with the default export, and where that stands. */
export const refuseExport = (message: string, code: Source): never => {
  throw new ModuleError({ file: code.entry, line: lineOfExport(code), message })
}

const readOnce = (exported: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const names = new Set([...Object.keys(fields), ...Object.keys(exported)])
  const read: Record<string, unknown> = {}
  for (const name of names) {
    const value = exported[name]
    if (typeof value === 'function') read[name] = value.bind(exported)
    else if (value !== undefined) read[name] = name === 'body' && isPlainObject(value) ? { ...value } : value
  }
  return read
}

const findWrong = (value: unknown, known: Readonly<Record<string, Field>>, path = ''): string | undefined => {
  const object = isPlainObject(value) ? value : {}
  const unknown = Object.keys(object).find((name) => !Object.hasOwn(known, name))
  for (const [name, { expected, isOptional, isGood }] of Object.entries(known)) {
    const found = object[name]
    if ((found === undefined && isOptional === true) || isGood(found)) continue
    return `${path}${name}: wrong value: found ${describe(found)}, expected ${expected}`
  }
  if (unknown === undefined) return undefined
  const nearest = nearestWord(unknown, Object.keys(known))
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  return `${path}${unknown}: unknown field${hint}: expected one of ${Object.keys(known).join(', ')}`
}

/** What was found, for people. */
export const describe = (value: unknown): string =>
  typeof value === 'function' ? 'a function' : typeof value === 'symbol' ? 'a symbol' : formatFound(value)

/** Where the export stands, as exactly as it can be said. */
const lineOfExport = ({ entry, files }: Source): number => {
  const lines = (files[entry] ?? '').split('\n')
  const index = lines.findIndex((line) => /\bexports\.\s*default\s*=|\bmodule\.exports\s*=/.test(line))
  return index < 0 ? 1 : index + 1
}

/** What a filter may do. */
export const hookNames = [
  ...(['onRequest', 'onResponse', 'transformRequest', 'transformResponse', 'onRequestTrailers'] as const),
  ...(['onResponseTrailers', 'serve', 'onTunnel', 'onComplete', 'onCommand', 'close'] as const),
] satisfies readonly (keyof Filter)[]

/** The hooks of a filter that was just made; throws what is wrong with it. */
export const checkHooks = (filter: unknown): readonly string[] => {
  if (!isPlainObject(filter)) {
    throw new TypeError(`create returned ${describe(filter)}, expected a filter: an object with hooks`)
  }
  // One of an async function has no hooks, and would let everything pass.
  if ('then' in filter)
    throw new TypeError('create returned a promise, expected a filter: wait in a hook, or in warmUp')
  for (const name of hookNames) {
    const hook = filter[name]
    if (hook === undefined || isFunction(hook)) continue
    throw new TypeError(`create returned a filter whose ${name} is ${describe(hook)}, expected a function`)
  }
  const wrong = Object.keys(filter).find(
    (name) =>
      isFunction(filter[name]) && /^(?:on|transform)[A-Z]/.test(name) && !hookNames.some((hook) => hook === name),
  )
  if (wrong !== undefined) {
    const nearest = nearestWord(wrong, hookNames)
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
    throw new TypeError(`create returned a filter with an unknown hook ${wrong}${hint}`)
  }
  return hookNames.filter((name) => filter[name] !== undefined)
}
