/** `fairway waypoint status`: how the waypoints of a cluster are, or what becomes of objects in files without running anything. */
import { StartupError } from '../../lib/startup-error.ts'
import { decodeChoice, formatFlags, parseArguments, usageError, type FlagTable, type FlagValues } from '../arguments.ts'
import { accessFlags, allNamespacesFlag, openCluster } from '../cluster/access-flags.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeFiltersDir, filterFlags } from '../filter-flags.ts'
import { decodeMesh, meshFlags } from '../mesh-flags.ts'
import { withStandardInput } from '../offline/standard-input.ts'
import { outputFlag } from '../output-flag.ts'
import { printAs, type Look } from '../terminal/print-as.ts'
import { CliError, type Terminal, type Verb } from '../verb.ts'

const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const

const flagTable = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'PATH',
    help: 'YAML or JSON file or folder, - for stdin; repeatable',
  },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    help: 'only what is in it; default: that of the context, of files all',
  },
  ...allNamespacesFlag,
  output: outputFlag(formats),
  ...meshFlags,
  filters: filterFlags.filters,
  wait: { type: 'boolean', short: 'w', help: 'until the waypoints are ready' },
  'waypoint-timeout': { type: 'string', default: '1m30s', value: 'DURATION', help: 'of --wait; default 1m30s' },
  ...accessFlags,
} as const satisfies FlagTable

const help = `fairway waypoint status: how waypoints are, what became of each object, and what is wrong with it

Examples
  fairway waypoint status -n shop                         the waypoints of a namespace, and what is wrong with their objects
  fairway waypoint status -A -o wide                      of the whole cluster, with reasons
  fairway waypoint status -n shop --wait                  once they are ready
  fairway waypoint status -f objects/                     of files, without a cluster: each object, findings below
  fairway waypoint status -f a.yaml -f b.yaml -o wide     each parent in a row, with reasons and places
  fairway waypoint status -f objects/ httproute/api -o json | jq '.items[].status.parents'
                                                          as it would stand in a cluster

Usage
  fairway waypoint status [-n NAMESPACE | -A] [NAME | KIND/NAME] [flags]
  fairway waypoint status -f PATH [NAME | KIND/NAME] [flags]

Of a cluster it shows what the controller wrote, and which Services are bound. Files it reads as "fairway run" does and asks
the same code, without a cluster and without taking traffic. A condition is one of Gateway API's; the page on route status
says what follows from each.
Exit code 0 when all is fine, 79 when something is not, 78 when a file or the kubeconfig cannot be read, 1 when there is no
such object, 69 when the API server cannot be reached, 77 when you may not ask it, 124 when the time of --wait was over.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags, positionals } = parseArguments(args, flagTable, 1)
  const [name] = positionals
  if (flags.file.length > 0) {
    refuse(flags, ofClusters, 'says nothing with --file, which needs no cluster')
    return runOffline(flags, name, terminal)
  }
  refuse(flags, ofFiles, 'says nothing without --file: the controller knows that of a cluster')
  decodeChoice('output', flags.output, formats)
  const client = await openCluster(flags, terminal).catch(withoutCluster)
  try {
    const { runLiveStatus } = await import('./live/run-status.ts')
    return await runLiveStatus(flags, name, { client, terminal })
  } finally {
    client.close()
  }
}

/** Who has files and no cluster has forgotten to name them. */
const withoutCluster = (error: unknown): never => {
  if (!(error instanceof StartupError)) throw error
  const next = 'files need no cluster: fairway waypoint status -f objects/'
  throw new CliError(exitCodes.badConfiguration, error.message, { next, cause: error })
}

type Flags = FlagValues<typeof flagTable>

/** Flags that mean something without files only, and with files only; all of them have nothing where they are not given. */
const ofClusters = ['kubeconfig', 'context', 'as', 'wait', 'all-namespaces'] as const satisfies readonly (keyof Flags)[]
const ofFiles = [
  'gateway',
  'mesh-config',
  'trust-domain',
  'path-normalization',
  'filters',
] as const satisfies readonly (keyof Flags)[]

const refuse = (flags: Flags, names: readonly (keyof Flags)[], why: string): void => {
  const found = names.find((flag) => flags[flag] !== undefined && flags[flag] !== false)
  if (found !== undefined) throw usageError(`--${found} ${why}`)
}

const runOffline = async (flags: Flags, name: string | undefined, terminal: Terminal): Promise<ExitCode> => {
  const format = decodeChoice('output', flags.output, formats)
  const filtersDir = decodeFiltersDir(flags.filters, terminal.cwd)
  const { loadStatus } = await import('./status-report.ts')
  const { selectItems } = await import('./select-items.ts')
  const { createDocument, namesOf, summarize } = await import('./status-document.ts')
  const { formatStatus } = await import('./status-table.ts')
  const options = { cwd: terminal.cwd, mesh: decodeMesh(flags, terminal), filtersDir }
  const report = await withStandardInput(flags.file, terminal, (files) => loadStatus(files, options))
  const status = selectItems(report, { namespace: flags.namespace, name })
  if (report.gateway === undefined && !report.items.some(({ object }) => object.kind === 'Gateway')) {
    terminal.err.write('there is no Gateway among the files: nothing is bound to a waypoint\n')
  }
  const table = (look: Look): string => formatStatus(status, look)
  await printAs(format, { table, document: () => createDocument(status), names: () => namesOf(status) }, terminal)
  const { withFindings, issues } = summarize(status)
  return withFindings === 0 && issues === 0 ? exitCodes.fine : exitCodes.findings
}

/** The verb for the list of verbs. */
export const statusVerb: Verb = { help, flags: flagTable, positionals: ['[KIND/]NAME'], run }
