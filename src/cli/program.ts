/**
 * The command line as a whole: picks the verb, prints help, and turns what went wrong into a message and an exit code.
 * Verbs print; rules of the mesh are asked of the same translate, compile and resolve that the proxy uses.
 */
import { nearestWord } from '../lib/nearest.ts'
import { StartupError } from '../lib/startup-error.ts'
import { usageError } from './arguments.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { wrapHelp } from './terminal/wrap-help.ts'
import { CliError, type Terminal, type VerbEntry, type VerbGroup } from './verb.ts'

export interface Program {
  readonly version: string
  readonly verbs: readonly VerbEntry[]
}

/** Runs one command line and returns how the process should end; never throws. */
export const runProgram = async (program: Program, args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  try {
    return await dispatchProgram(program, args, terminal)
  } catch (error) {
    terminal.err.write(formatFailure(error, ['fairway', ...namesIn(args, program.verbs)].join(' ')))
    if (error instanceof CliError) return error.exitCode
    return error instanceof StartupError ? exitCodes.badConfiguration : exitCodes.failure
  }
}

/** The verbs that the arguments begin with. */
const namesIn = ([first, ...rest]: readonly string[], verbs: readonly VerbEntry[]): readonly string[] => {
  const entry = verbs.find(({ name }) => name === first)
  if (entry === undefined) return []
  return [entry.name, ...('verbs' in entry ? namesIn(rest, entry.verbs) : [])]
}

/** The text for a failure: what happened, what to do next. Only a bug shows its stack, below a sentence that says so. */
export const formatFailure = (error: unknown, command: string): string => {
  if (error instanceof CliError) {
    const pointer = error.exitCode === exitCodes.usage ? [`  see: ${command} --help`] : []
    const next = error.next === undefined ? [] : [`  ${error.next}`]
    return `${[`${command}: ${error.message}`, ...next, ...pointer].join('\n')}\n`
  }
  if (error instanceof StartupError) return `${command}: ${error.message}\n`
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `${command}: this is a bug in fairway; please report it with the command and these lines:\n${stack}\n`
}

const dispatchProgram = async (program: Program, args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const [first, ...rest] = args
  if (first === '--version' || first === '-V') return print(terminal, `${program.version}\n`)
  if (first === '__complete') {
    const { printCompletion } = await import('./completion/print-completion.ts')
    await printCompletion(program.verbs, rest, terminal)
    return exitCodes.fine
  }
  if (first === 'help') return dispatchProgram(program, [...rest, '--help'], terminal)
  return dispatch({ verbs: program.verbs, help: () => formatHelp(program) }, args, terminal)
}

interface Level {
  readonly verbs: readonly VerbEntry[]
  readonly help: () => string
}

const dispatch = async (
  { verbs, help }: Level,
  [first, ...rest]: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> => {
  if (first === undefined || first === '--help' || first === '-h') return printHelp(terminal, help())
  if (first.startsWith('-')) throw usageError(`unknown flag ${first}: a verb comes first`)
  const entry = verbs.find((verb) => verb.name === first)
  if (entry === undefined) {
    const near = nearestWord(
      first,
      verbs.map((verb) => verb.name),
    )
    throw usageError(`unknown verb ${JSON.stringify(first)}`, near === undefined ? undefined : `did you mean ${near}?`)
  }
  if ('verbs' in entry) {
    return dispatch({ verbs: entry.verbs, help: () => formatGroupHelp(entry) }, rest, terminal)
  }
  const verb = await entry.load()
  return asksForHelp(rest) ? printHelp(terminal, verb.help) : verb.run(rest, terminal)
}

/** Behind `--` nothing is a flag. */
const asksForHelp = (args: readonly string[]): boolean => {
  const end = args.indexOf('--')
  const flags = end < 0 ? args : args.slice(0, end)
  return flags.includes('--help') || flags.includes('-h')
}

const formatVerbs = (verbs: readonly VerbEntry[]): string => {
  const width = Math.max(...verbs.map((verb) => verb.name.length))
  return verbs.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`).join('\n')
}

const formatGroupHelp = ({ name, summary, examples, verbs }: VerbGroup): string => `fairway ${name}: ${summary}

Examples
${examples.map((line) => `  ${line}`).join('\n')}

Verbs
${formatVerbs(verbs)}

Flags
  -h, --help  print this; fairway ${name} VERB --help explains a verb
`

const formatHelp = ({ verbs }: Program): string => `fairway: an L7 waypoint for ambient service meshes

Examples
  fairway demo                                         see a 90/10 canary over mutual TLS, live
  fairway run -f examples/01-canary/objects.yaml       serve Gateway API objects from a file
  fairway request http://10.96.0.10/ --from demo/client -v
                                                       one HTTP request through a waypoint, explained
  fairway explain GET http://api.demo/ -f examples/01-canary
                                                       what would become of a request, and why
  fairway waypoint status -f objects/                  what would become of each object, without running it
  fairway waypoint apply -n shop --enroll-namespace    a waypoint in a cluster, and a namespace that goes through it
  fairway certs                                        who the waypoint on this machine is, and for how long

Verbs
${formatVerbs(verbs)}

Flags
  -h, --help     print this; fairway VERB --help explains a verb
  -V, --version  print the version
`

/** As it is for whoever stores or searches it, and to fit the screen of whoever reads it. */
const printHelp = (terminal: Terminal, text: string): ExitCode => {
  const { out } = terminal
  return print(terminal, out.isTty ? wrapHelp(text, out.columns()) : text)
}

const print = (terminal: Terminal, text: string): ExitCode => {
  terminal.out.write(text)
  return exitCodes.fine
}
