/** What `fairway filter dev` works on: the Filters that stand in a folder, or a module without any. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { LineCounter, parseAllDocuments } from 'yaml'
import { exitCodes } from '../../exit-codes.ts'
import { CliError } from '../../verb.ts'

/** A Filter, or an App, as it is written, as far as `filter dev` changes nothing about it. */
export interface DevFilter {
  readonly kind: 'Filter' | 'App'
  readonly name: string
  readonly namespace: string
  readonly spec: Readonly<Record<string, unknown>>
}

/** What was found. */
export interface DevTarget {
  /** For `--filters`. */
  readonly folder: string
  readonly filters: readonly DevFilter[]
}

/** Reads a folder, or a module in one. Throws `CliError` when nothing of the kind is there. */
export const readTarget = (target: string): DevTarget => {
  const stats = statSync(target, { throwIfNoEntry: false })
  if (stats === undefined) throw new CliError(exitCodes.badInput, `${target} is not there`)
  const folder = stats.isDirectory() ? target : path.dirname(target)
  const names = readdirSync(folder).toSorted()
  const filters = names.filter((name) => /\.ya?ml$/.test(name)).flatMap((name) => readFilters(path.join(folder, name)))
  if (!stats.isDirectory()) {
    const module = path.basename(target)
    const own = filters.filter(({ spec }) => spec['module'] === module)
    return { folder, filters: own.length > 0 ? own : [withoutObject(module)] }
  }
  if (filters.length > 0) return { folder, filters }
  return { folder, filters: [withoutObject(onlyModule(folder, names))] }
}

const onlyModule = (folder: string, names: readonly string[]): string => {
  const modules = names.filter((name) => MODULE.test(name) && !/\.(?:test|d)\.\w+$/.test(name))
  const ofFolder = modules.find((name) => name.replace(MODULE, '') === path.basename(folder))
  const [first, ...more] = ofFolder === undefined ? modules : [ofFolder]
  if (first !== undefined && more.length === 0) return first
  const what = first === undefined ? 'there is no filter' : `there are several modules (${modules.join(', ')})`
  const next = 'name one of them, or write an object of kind Filter beside it: "fairway filter new NAME" makes both'
  throw new CliError(exitCodes.badInput, `${what} in ${folder}`, { next })
}

const MODULE = /\.(?:ts|mts|js|mjs)$/

const withoutObject = (module: string): DevFilter => ({
  kind: 'Filter',
  name: module
    .replace(MODULE, '')
    .replaceAll(/[^a-z0-9]+/gi, '-')
    .toLowerCase(),
  namespace: 'default',
  spec: { module },
})

/** The Filters of a file; other objects are no matter here. */
const readFilters = (file: string): readonly DevFilter[] => {
  const lines = new LineCounter()
  return parseAllDocuments(readFileSync(file, 'utf8'), { lineCounter: lines }).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0])
      throw new CliError(exitCodes.badInput, `${file}:${line}:${col}: ${error.message.split('\n')[0] ?? ''}`)
    }
    const object: unknown = document.toJS()
    if (!isFields(object)) return []
    const { kind, metadata, spec } = object
    if (kind !== 'Filter' && kind !== 'App') return []
    const { name, namespace } = isFields(metadata) ? metadata : {}
    return [
      {
        kind,
        name: typeof name === 'string' ? name : 'unnamed',
        namespace: typeof namespace === 'string' ? namespace : 'default',
        spec: isFields(spec) ? spec : {},
      },
    ]
  })
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
