/** `fairway filter new NAME`: a folder with a filter that works, its test and its page. */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { errorCode } from '../../lib/errors/error-code.ts'
import { formatFlags, parseArguments, usageError, type FlagTable } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { CliError, type Terminal, type Verb } from '../verb.ts'
import { packageRoot, resolvesPackage } from './package-root.ts'
import { createSkeleton, createTsconfig, type SkeletonFile } from './skeleton.ts'

const flagTable = {
  dir: { type: 'string', default: '.', value: 'DIR', help: 'where the folder of the filter is made; default here' },
} as const satisfies FlagTable

const help = `fairway filter new: a folder with a filter that works, its test, an object that configures it and a page

Examples
  fairway filter new stamp-version                  ./stamp-version with stamp-version.ts and its test
  fairway filter new stamp-version --dir filters    the same in ./filters/stamp-version

Usage
  fairway filter new NAME [flags]

NAME is the name of folder, module and object: lower-case letters, digits and hyphens. Nothing that is there is written
over. "fairway filter test" runs the tests, "fairway filter dev" the filter.

Flags
${formatFlags(flagTable)}
`

const NAME = /^[a-z](?:[a-z0-9]|-(?=[a-z]))*$/

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags, positionals } = parseArguments(args, flagTable, 1)
  const [name] = positionals
  if (name === undefined) throw usageError('the name is missing', 'fairway filter new stamp-version')
  if (!NAME.test(name) || name.length > 63) {
    throw usageError(
      `${JSON.stringify(name)} is no name for a filter`,
      'write lower-case letters, digits and single hyphens before letters: stamp-version',
    )
  }
  const folder = path.resolve(terminal.cwd, flags.dir, name)
  if (existsSync(folder)) {
    throw new CliError(exitCodes.failure, `${folder} is there already`, { next: 'choose another name, or remove it' })
  }
  const files = [...createSkeleton(name), ...tsconfigFor(folder)]
  await writeFiles(folder, files)
  const shown = path.relative(terminal.cwd, folder)
  terminal.out.write(files.map((file) => `${path.join(shown, file.path)}\n`).join(''))
  terminal.err.write(`next: fairway filter test ${shown}\n      fairway filter dev ${shown}\n`)
  return exitCodes.fine
}

/** The verb for the list of verbs. */
export const newVerb: Verb = { help, flags: flagTable, positionals: ['NAME'], run }

/** None where the package is found by its name, or where somebody has one already. */
const tsconfigFor = (folder: string): readonly SkeletonFile[] => {
  if (resolvesPackage(folder) || hasTsconfig(path.dirname(folder))) return []
  const root = path.relative(folder, packageRoot).split(path.sep).join('/')
  return [{ path: 'tsconfig.json', text: createTsconfig(root) }]
}

const hasTsconfig = (folder: string): boolean => {
  const parent = path.dirname(folder)
  return existsSync(path.join(folder, 'tsconfig.json')) || (parent !== folder && hasTsconfig(parent))
}

const writeFiles = async (folder: string, files: readonly SkeletonFile[]): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true })
    for (const { path: name, text } of files) await writeFile(path.join(folder, name), text, { flag: 'wx' })
  } catch (error) {
    const code = errorCode(error) ?? ''
    const exitCode = code === 'EACCES' || code === 'EROFS' ? exitCodes.notPermitted : exitCodes.failure
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(exitCode, `${folder} cannot be written: ${why}`, { cause: error })
  }
}
