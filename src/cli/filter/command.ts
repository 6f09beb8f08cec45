/** `fairway filter command`: asks something of the filters of a kind in a running waypoint. */
import { askAdmin, defaultAdmin } from '../ask-admin.ts'
import { decodeChoice, formatFlags, parseArguments, usageError, type FlagTable } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeHostPort, type HostPort } from '../host-port.ts'
import { outputFlag } from '../output-flag.ts'
import { DOCUMENT_API, formatTitled, printAs, type Look, type Printable } from '../terminal/print-as.ts'
import { printable } from '../terminal/printable.ts'
import { CliError, type Terminal, type Verb } from '../verb.ts'

const formats = ['table', 'json', 'yaml'] as const

const flagTable = {
  origin: {
    type: 'string',
    value: 'TEXT',
    help: 'one filter alone: what ORIGIN shows, and explain; default all of the kind',
  },
  admin: { type: 'string', value: 'HOST:PORT', help: `admin API of the waypoint; default ${defaultAdmin}` },
  output: outputFlag(formats),
} as const satisfies FlagTable

const help = `fairway filter command: asks something of the filters of a kind in a running waypoint

Examples
  fairway filter command ResponseCache purge path=/a       forgets what is stored for a path, with all its queries
  fairway filter command ResponseCache purge prefix=/shop host=shop.example
  fairway filter command ResponseCache purge all=true -o json | jq '.results[].result'
  kubectl exec deploy/waypoint -- fairway filter command ResponseCache purge all=true

Usage
  fairway filter command KIND COMMAND [NAME=VALUE …] [--origin TEXT] [--admin HOST:PORT] [-o FORMAT]

Which commands there are, and what they take, is on the page of the filter. All processes of the waypoint are asked; other
replicas are waypoints of their own. Exit code 0 when it was done, 1 when a filter has refused, when none of that kind takes
commands, or when there is no answer.

Flags
${formatFlags(flagTable)}
`

/** What one filter of one process said. */
interface Said {
  readonly process: number
  readonly origin: string
  readonly result?: unknown
  readonly failure?: string
}

/** A waypoint's answer; `error` where no filter was meant. */
type CommandAnswer = { readonly results: readonly Said[] } | { readonly error: string }

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags, positionals } = parseArguments(args, flagTable, Number.POSITIVE_INFINITY)
  const format = decodeChoice('output', flags.output, formats)
  const query = queryOf(positionals, flags.origin)
  const answer = await askFilters(decodeHostPort('--admin', flags.admin ?? defaultAdmin), query)
  if ('error' in answer) {
    const next = "the waypoint's objects say which filters there are; fairway explain shows where they act"
    throw new CliError(exitCodes.failure, printable(answer.error), { next })
  }
  const { results } = answer
  const found: Printable = {
    table: (look) => formatResults(results, look),
    document: () => ({ apiVersion: DOCUMENT_API, kind: 'FilterCommandResult', results }),
  }
  await printAs(format, found, terminal)
  return results.some(({ failure }) => failure !== undefined) ? exitCodes.failure : exitCodes.fine
}

/** Names that the admin API takes for itself. */
const TAKEN: ReadonlySet<string> = new Set(['kind', 'command', 'origin'])

const queryOf = ([kind, command, ...parameters]: readonly string[], origin: string | undefined): URLSearchParams => {
  if (kind === undefined || command === undefined)
    throw usageError('KIND and COMMAND are needed', 'fairway filter command ResponseCache purge path=/a')
  const query = new URLSearchParams({ kind, command, ...(origin === undefined ? {} : { origin }) })
  for (const parameter of parameters) {
    const at = parameter.indexOf('=')
    const name = parameter.slice(0, Math.max(at, 0))
    if (name === '') throw usageError(`${JSON.stringify(parameter)} is not NAME=VALUE`)
    if (name === 'origin') throw usageError('origin=… is no parameter of a command', 'write --origin TEXT')
    if (TAKEN.has(name)) throw usageError(`${name}=… is no parameter of a command`)
    if (query.has(name)) throw usageError(`${name} is given twice`)
    query.set(name, parameter.slice(at + 1))
  }
  return query
}

const askFilters = (admin: HostPort, query: URLSearchParams): Promise<CommandAnswer> =>
  askAdmin(admin, {
    path: `/filters/command?${query.toString()}`,
    method: 'POST',
    refusals: [400, 404],
    about: 'commands of filters',
    isAnswer,
    next: '--admin HOST:PORT names its admin API',
  })

const isAnswer = (value: unknown): value is CommandAnswer =>
  isRecord(value) &&
  (typeof value['error'] === 'string' || (Array.isArray(value['results']) && value['results'].every(isSaid)))

const isSaid = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value['process'] === 'number' &&
  typeof value['origin'] === 'string' &&
  ['string', 'undefined'].includes(typeof value['failure'])

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const formatResults = (results: readonly Said[], look: Look): string =>
  formatTitled(
    ['ORIGIN', 'PROCESS', 'RESULT'],
    results.map(({ origin, process, result, failure }) => [
      { text: printable(origin) },
      { text: String(process) },
      failure === undefined
        ? { text: printable(formatResult(result)) }
        : { text: printable(`refused: ${failure}`), paint: look.colours.red },
    ]),
    look,
  )

/** `forgotten 3, left 0` where it is an object. */
const formatResult = (result: unknown): string =>
  isRecord(result) && !Array.isArray(result)
    ? Object.entries(result)
        .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', ')
    : result === undefined
      ? 'done'
      : JSON.stringify(result)

/** The verb for the list of verbs. */
export const commandVerb: Verb = { help, flags: flagTable, positionals: ['KIND', 'COMMAND', 'NAME=VALUE…'], run }
