/** `fairway filter test`: the tests of filters, on the contract of this version. */
import { spawn } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import path from 'node:path'
import { formatFlags, parseArguments, type FlagTable } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { createColours } from '../terminal/colours.ts'
import { CliError, type Terminal, type Verb } from '../verb.ts'

const flagTable = {
  name: { type: 'string', value: 'PATTERN', help: 'only tests whose name matches the pattern' },
  watch: { type: 'boolean', help: 'run them again when a file changes' },
} as const satisfies FlagTable

const help = `fairway filter test: the tests of filters

Examples
  fairway filter test                          all *.test.ts here and below
  fairway filter test stamp-version            those of one folder
  fairway filter test a.test.ts --watch        of one file, again after each change

Usage
  fairway filter test [PATH] [flags]

Tests are those of Node's own runner (node:test). fairway/filter and fairway/filter/testing are found from any folder,
and are those of this version. Then each Filter and App that stands in YAML beside a test is tried as a waypoint does before it
puts one in force. Exit code 0 when all is well, 1 when something fails, 65 when there are no tests.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags, positionals } = parseArguments(args, flagTable, 1)
  const files = findTests(path.resolve(terminal.cwd, positionals[0] ?? '.'))
  const nodeArgs = [
    ...process.execArgv,
    '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
    ...['--import', import.meta.resolve('./resolve-package.ts')],
    ...['--test', '--test-reporter=spec'],
    ...(flags.name === undefined ? [] : [`--test-name-pattern=${flags.name}`]),
    ...(flags.watch ? ['--watch'] : []),
    ...files,
  ]
  const tests = await runNode(nodeArgs, terminal)
  const areGood = await tellTried([...new Set(files.map((file) => path.dirname(file)))], terminal)
  return tests === 0 && areGood ? exitCodes.fine : exitCodes.failure
}

/** Whether a waypoint would put the filters in force. */
const tellTried = async (folders: readonly string[], { out, env }: Terminal): Promise<boolean> => {
  const { red, green } = createColours(out, env)
  const { tryFilters } = await import('./try-filters.ts')
  const tried = await tryFilters(folders)
  for (const { kind, name, module, fault } of tried) {
    out.write(
      fault === undefined
        ? `${green('✔')} ${kind} ${name} can be put in force: ${module}\n`
        : `${red('✖')} ${kind} ${name} cannot be put in force: ${fault}\n`,
    )
  }
  return tried.every(({ fault }) => fault === undefined)
}

/** The verb for the list of verbs. */
export const testVerb: Verb = { help, flags: flagTable, positionals: ['PATH'], run }

const PATTERN = '**/*.test.{ts,mts,js,mjs}'

const findTests = (target: string): readonly string[] => {
  const stats = statSync(target, { throwIfNoEntry: false })
  if (stats === undefined) throw new CliError(exitCodes.badInput, `${target} is not there`)
  if (stats.isFile()) return [target]
  const files = globSync(PATTERN, { cwd: target, exclude: (name) => name.split(path.sep).includes('node_modules') })
  if (files.length === 0) {
    throw new CliError(exitCodes.badInput, `there are no tests in ${target}`, { next: `tests are files ${PATTERN}` })
  }
  return files.toSorted().map((file) => path.join(target, file))
}

/** Runs this Node, and gives its exit code; what it says is passed on, with colours where there is a terminal. */
const runNode = (args: readonly string[], terminal: Terminal): Promise<number> =>
  new Promise((resolve, reject) => {
    // A test runner inside of a test runner would report to the outer one, and run nothing.
    const { NODE_TEST_CONTEXT: _, ...env } = terminal.env
    const stdio = terminal.out.isTty ? 'inherit' : 'pipe'
    const child = spawn(process.execPath, args, { cwd: terminal.cwd, env: { ...env }, stdio: ['ignore', stdio, stdio] })
    child.stdout?.on('data', (piece: Buffer) => terminal.out.write(piece))
    child.stderr?.on('data', (piece: Buffer) => terminal.err.write(piece))
    const stopListening = terminal.onSignal((signal) => void child.kill(signal))
    child.once('error', (error) => reject(new CliError(exitCodes.failure, `Node cannot be started: ${error.message}`)))
    child.once('close', (code) => {
      stopListening()
      resolve(code ?? 1)
    })
  })
