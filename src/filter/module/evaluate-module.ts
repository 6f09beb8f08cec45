/**
 * From the code of a user's filter to its definition. Node's own modules are never freed, so that each new version would
 * stay in memory for good: this evaluates functions, which go when nobody holds them any more. Loading packages is left to
 * Node, and they stay. Reading files, removing types and anything else that needs the source must never enter this room.
 */
import { createRequire, isBuiltin } from 'node:module'
import { join, posix } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import vm from 'node:vm'
import { isThrown } from '../../lib/errors/thrown-text.ts'
import type { FilterModule } from '../../model/filter-spec.ts'
import * as contract from '../index.ts'
import type { FilterDefinition } from '../index.ts'
import { checkDefinition } from './check-definition.ts'
import { loadApp } from './load-app.ts'
import { faultOf, ModuleError, type ModuleFault } from './module-fault.ts'
import { bypasses, createProcessView, refuseNodeModule } from './node-modules.ts'

/** The parts of a module that say what its code is. */
export type ModuleCode = Pick<FilterModule, 'root' | 'entry' | 'files' | 'isApp'>

/** What a module exports, or why it exports nothing. */
export type Evaluated =
  | { readonly ok: true; readonly definition: FilterDefinition }
  | { readonly ok: false; readonly fault: ModuleFault }

/** Runs the code of a filter and takes its default export; never throws. */
export const evaluateModule = (code: ModuleCode): Evaluated => {
  try {
    const exported = createRequiring(code)(code.entry)
    const definition = code.isApp === true ? loadApp(exported, code) : checkDefinition(exported, code)
    return { ok: true, definition }
  } catch (error) {
    // What is thrown may say nothing of where.
    return { ok: false, fault: { file: code.entry, ...faultOf(error, code.root) } }
  }
}

interface Loaded {
  exports: unknown
}

type Body = (exports: unknown, require: (name: unknown) => unknown, ...given: readonly unknown[]) => void

/** Gives what a file exports; each is run once, when it is first asked for. */
const createRequiring = ({ root, files, isApp }: ModuleCode): ((file: string) => unknown) => {
  const loaded = new Map<string, Loaded>()
  const packages = createRequire(join(root, 'filters.cjs'))
  const view = createProcessView()
  const load = (file: string): unknown => {
    const known = loaded.get(file)
    // Of files that import each other one sees what the other has exported so far.
    if (known !== undefined) return known.exports
    const module: Loaded = { exports: {} }
    loaded.set(file, module)
    const text = files[file] ?? ''
    if (file.endsWith('.json')) module.exports = parseJson(file, text)
    else {
      const given = { module, process: view, ...bypasses }
      const { body, names } = compileBody(text, join(root, file), Object.keys(given))
      const values: Readonly<Record<string, unknown>> = given
      body(module.exports, (name) => resolve(name, file), ...names.map((name) => values[name]))
    }
    return module.exports
  }
  const resolve = (name: unknown, from: string): unknown => {
    if (typeof name !== 'string') throw new Error(`an import wants a text, and not ${typeof name}`)
    if (name === 'fairway/filter') return contract
    if (name.startsWith('.')) return load(resolveLocal(name, from, files))
    if (name === 'node:process' || name === 'process') return view
    if (isBuiltin(name)) return requireNode(name)
    if (posix.isAbsolute(name) || URL.canParse(name)) {
      throw new Error(`cannot import '${name}': a filter imports by relative paths, or packages by name`)
    }
    if (name.startsWith('fairway/'))
      throw new Error(`cannot import '${name}': only fairway/filter is there at run time`)
    return requirePackage(name, { root, packages, brought: isApp === true ? broughtForApps : nothingBrought })
  }
  return load
}

/**
 * V8 keeps what it compiles, in case that it comes again, until several collections later, of which a quiet process has one
 * in hours: a hundred versions would be there at once. What is ours never comes again.
 */
const compileBody = (
  text: string,
  filename: string,
  given: readonly string[],
): { readonly body: Body; readonly names: readonly string[] } => {
  setFlagsFromString('--no-compilation-cache')
  try {
    // What it compiles to takes exactly these.
    const body = vm.compileFunction(text, ['exports', 'require', ...given], { filename }) as Body
    return { body, names: given }
  } catch (error) {
    const [, taken] = (isThrown(error, SyntaxError) && TAKEN.exec(error.message)) || []
    if (taken === undefined || !given.includes(taken)) throw error
    // The code has that name at its top for something of its own, as the code of a module may.
    return compileBody(
      text,
      filename,
      given.filter((name) => name !== taken),
    )
  } finally {
    setFlagsFromString('--compilation-cache')
  }
}

const TAKEN = /^Identifier '(.+)' has already been declared$/

const parseJson = (file: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ModuleError({ file, message: `cannot be read as JSON: ${error instanceof Error ? error.message : ''}` })
  }
}

/** The file of a module that a relative import means; throws when it is not among them. */
const resolveLocal = (name: string, from: string, files: ModuleCode['files']): string => {
  const file = posix.join(posix.dirname(from), name)
  if (Object.hasOwn(files, file)) return file
  if (file.startsWith('../')) {
    throw new Error(`cannot import '${name}': it lies outside of the folder of --filters`)
  }
  const meant = ['.ts', '.js', '.mjs', '/index.ts'].find((end) => Object.hasOwn(files, file + end))
  const hint = meant === undefined ? '' : `; write '${name}${meant}'`
  throw new Error(`cannot import '${name}': there is no readable file ${file}${hint}`)
}

const requireNode = (name: string): unknown => {
  const why = refuseNodeModule(name.replace(/^node:/, ''))
  if (why !== undefined) throw new Error(`cannot import '${name}': ${why}`)
  return process.getBuiltinModule(name)
}

/** Packages that are there without being in the folder: those that the waypoint has anyway, and Apps have a use for. */
const broughtForApps: ReadonlySet<string> = new Set(['@fastify/http-proxy'])
const nothingBrought: ReadonlySet<string> = new Set()

const own = createRequire(import.meta.url)

const requirePackage = (
  name: string,
  from: { readonly root: string; readonly packages: NodeJS.Require; readonly brought: ReadonlySet<string> },
): unknown => {
  const { root, packages, brought } = from
  try {
    return packages(name)
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND'
    if (isMissing && brought.has(name)) return own(name)
    const why = isMissing ? `there is no such package in ${join(root, 'node_modules')}` : String(error)
    throw new Error(`cannot import '${name}': ${why}`, { cause: error })
  }
}
