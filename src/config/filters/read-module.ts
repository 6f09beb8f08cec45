import { createHash } from 'node:crypto'
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { extname, join, posix, sep } from 'node:path'
import { transform } from 'sucrase'
import { faultOf, ModuleError, type ModuleFault } from '../../filter/module/module-fault.ts'
import type { ModuleCode } from '../../filter/module/evaluate-module.ts'

/** A file that was looked at: another content, or none, may be another module. */
export interface ModuleSource {
  /** Below the folder of `--filters`. */
  readonly file: string
  /** Of its content; `undefined`: it could not be read. */
  readonly hash: string | undefined
}

/** The files of a module in the form in which they are evaluated, or what is wrong with one of them. */
export type ReadModule =
  | { readonly ok: true; readonly code: ModuleCode; readonly sources: readonly ModuleSource[] }
  | { readonly ok: false; readonly fault: ModuleFault; readonly sources: readonly ModuleSource[] }

/** Beyond that it is a mistake. */
const MAX_BYTES = 8 * 1024 * 1024

/**
 * Reads a module and all that it imports from the folder `root`, out of which no path and no symbolic link leads. Types
 * are blanked out, and imports become calls in the same lines, so that every line stays where it is. Never throws.
 */
export const readModule = (root: string, entry: string): ReadModule => {
  const files: Record<string, string> = {}
  const sources: ModuleSource[] = []
  const queue = [entry]
  const seen = new Set(queue)
  let bytes = 0
  try {
    const realRoot = realpathSync(root)
    for (const file of queue) {
      const text = readSource(root, realRoot, file)
      sources.push({ file, hash: text === undefined ? undefined : hashOf(text) })
      if (text === undefined) {
        if (file === entry) throw missing(entry, root)
        // Whether it is wanted shows when it is asked for: this may have been read in a comment. What may be meant is read,
        // so that it can be named.
        if (extname(file) === '') queue.push(`${file}.ts`)
        continue
      }
      bytes += text.length
      if (bytes > MAX_BYTES) throw tooLarge(file)
      const js = toCommonJs(file, text)
      files[file] = js
      for (const found of importsOf(file, js)) {
        if (seen.has(found)) continue
        seen.add(found)
        queue.push(found)
      }
    }
    return { ok: true, code: { root, entry, files }, sources }
  } catch (error) {
    return { ok: false, fault: faultOf(error, root), sources }
  }
}

/** What shows whether a file is as it was. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** `undefined` when there is nothing that can be read. */
const readSource = (root: string, realRoot: string, file: string): string | undefined => {
  let real: string
  try {
    real = realpathSync(join(root, file))
  } catch {
    return undefined
  }
  if (!real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) {
    throw new ModuleError({ file, message: `a symbolic link leads out of ${root}, to ${real}: it is not followed` })
  }
  const text = readText(real)
  if (text === undefined || text.length <= MAX_BYTES) return text
  throw tooLarge(file)
}

const tooLarge = (file: string): ModuleError =>
  new ModuleError({ file, message: `the files of the filter are larger than 8 MiB` })

/**
 * What a file holds, without the mark at its start that some editors write; of one that is too large something longer than
 * `MAX_BYTES` that is not read, and nothing of what is no file: a pipe would be waited for.
 */
export const readText = (path: string): string | undefined => {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) return undefined
    if (stat.size > 4 * MAX_BYTES) return `${' '.repeat(MAX_BYTES)}${stat.size} ${stat.mtimeMs}`
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch {
    return undefined
  }
}

const missing = (file: string, root: string): ModuleError =>
  new ModuleError({ file, message: `there is no readable file ${file} in ${root}` })

const toCommonJs = (file: string, text: string): string => {
  const extension = extname(file)
  switch (extension) {
    case '.json':
    case '.cjs':
      return text
    case '.ts':
    case '.mts':
      return transformImports(file, stripTypes(file, text))
    case '.js':
    case '.mjs':
      return transformImports(file, text)
  }
  throw new ModuleError({
    file,
    message: `a file of a filter ends with .ts, .mts, .js, .mjs, .cjs or .json, and not with ${extension || 'nothing'}`,
  })
}

const stripTypes = (file: string, text: string): string => {
  try {
    return stripTypeScriptTypes(text)
  } catch (error) {
    const line = error instanceof Error ? /^:(\d+)\n/.exec(error.stack ?? '')?.[1] : undefined
    throw new ModuleError({
      file,
      ...(line === undefined ? {} : { line: Number(line) }),
      message: `cannot be read as TypeScript: ${error instanceof Error ? error.message : String(error)}`,
    })
  }
}

const transformImports = (file: string, text: string): string => {
  try {
    return transform(text, { transforms: ['imports'], disableESTransforms: true }).code
  } catch (error) {
    const line = lineOf(error)
    const why = error instanceof Error ? error.message.replace(/ \(\d+:\d+\)$/, '') : String(error)
    throw new ModuleError({ file, ...(line === undefined ? {} : { line }), message: `cannot be read: ${why}` })
  }
}

/** As the parser of imports says it. */
const lineOf = (error: unknown): number | undefined => {
  const loc = typeof error === 'object' && error !== null && 'loc' in error ? error.loc : undefined
  const line = typeof loc === 'object' && loc !== null && 'line' in loc ? loc.line : undefined
  return typeof line === 'number' ? line : undefined
}

const REQUIRE = /\brequire\(\s*(['"])(\.[^'"\n]*)\1\s*\)/g

/** The files of the folder that a file may ask for. */
const importsOf = (file: string, js: string): readonly string[] =>
  Array.from(js.matchAll(REQUIRE), ([, , name = '']) => posix.join(posix.dirname(file), name)).filter(
    (found) => !found.startsWith('../') && found !== '..',
  )
