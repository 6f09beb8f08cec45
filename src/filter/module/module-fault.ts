import { isAbsolute, relative, sep } from 'node:path'
import { isThrown, thrownMessage, thrownStack } from '../../lib/errors/thrown-text.ts'
import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'

/** What is wrong with the code of a filter, and where. */
export interface ModuleFault {
  readonly message: string
  /** Below the folder of `--filters`: `stamp-version.ts`. */
  readonly file?: string
  /** From 1. */
  readonly line?: number
}

/** A fault on its way out of the code that it was found in. */
export class ModuleError extends Error {
  readonly fault: ModuleFault

  constructor(fault: ModuleFault) {
    super(formatModuleFault(fault))
    this.name = 'ModuleError'
    this.fault = fault
  }
}

/** `stamp-version.ts:12: no such header`. */
export const formatModuleFault = ({ file, line, message }: ModuleFault): string =>
  file === undefined ? message : `${file}${line === undefined ? '' : `:${line}`}: ${message}`

/** What an error of a filter says, without secrets, and the first place in its own files that it comes from. */
export const faultOf = (error: unknown, root: string): ModuleFault => {
  if (isThrown(error, ModuleError)) return error.fault
  return { message: hideSecrets(messageOf(error)), ...placeOf(error, root) }
}

/** Where in the files below `root` an error comes from, as `stamp-version.ts:12`; `undefined` when in none of them. */
export const locateError = (error: unknown, root: string): string | undefined => {
  const { file, line } = isThrown(error, ModuleError) ? error.fault : placeOf(error, root)
  return file === undefined ? undefined : line === undefined ? file : `${file}:${line}`
}

/** What V8 and Node say of what only a module of ECMAScript may do. */
const plainer: readonly (readonly [RegExp, string])[] = [
  [
    /^await is only valid in async functions and the top level bodies of modules|^Unexpected reserved word/,
    'await outside of a function: a filter is loaded at once; wait in a hook, or in warmUp',
  ],
  [/^Cannot use 'import\.meta' outside a module/, 'import.meta is not supported in a filter'],
  [
    /^Identifier '(?:exports|require)' has already been declared/,
    'exports and require are names that a filter has already: give what it declares at its top another one',
  ],
]

const messageOf = (error: unknown): string => {
  const message = thrownMessage(error)
  if (!isThrown(error, Error)) return `${typeof error} thrown: ${message}`
  const found = isThrown(error, SyntaxError) ? plainer.find(([pattern]) => pattern.test(message)) : undefined
  if (found !== undefined) return found[1]
  const name = nameOf(error)
  return name === 'Error' ? message : `${name}: ${message}`
}

const nameOf = (error: Error): string => {
  try {
    return error.name
  } catch {
    return 'Error'
  }
}

const FRAME = /^ {4}at (?:.*\()?(?:file:\/\/)?(\/.*?):(\d+):\d+\)?$/
/** How the stack of a SyntaxError begins: where it was found, which is no frame. */
const FOUND_AT = /^(\/.*):(\d+)$/

const placeOf = (error: unknown, root: string): Pick<ModuleFault, 'file' | 'line'> => {
  if (!isThrown(error, Error)) return {}
  for (const text of thrownStack(error).split('\n')) {
    const [, path, line] = FOUND_AT.exec(text) ?? FRAME.exec(text) ?? []
    const file = path === undefined ? undefined : below(root, path)
    if (file !== undefined) return { file, line: Number(line) }
  }
  return {}
}

const below = (root: string, path: string): string | undefined => {
  const file = relative(root, path)
  const isBelow = file !== '' && file !== '..' && !file.startsWith(`..${sep}`) && !isAbsolute(file)
  return isBelow && !file.split(sep).includes('node_modules') ? file : undefined
}
