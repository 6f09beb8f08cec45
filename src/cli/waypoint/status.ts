/** `fairway waypoint status`: what becomes of the objects in some files, without running anything. */
import { kindApi } from '../../config/objects/kind-apis.ts'
import type { ObjectRef } from '../../model/model.ts'
import { decodeChoice, formatFlags, parseArguments, usageError, type FlagTable } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeFiltersDir, filterFlags } from '../filter-flags.ts'
import { decodeMesh, meshFlags } from '../mesh-flags.ts'
import { withStandardInput } from '../offline/standard-input.ts'
import { outputFlag } from '../output-flag.ts'
import { printAs, type Look } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'
import { selectItems } from './select-items.ts'
import { createDocument, summarize } from './status-document.ts'
import { formatStatus } from './status-table.ts'

const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const

const flagTable = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'PATH',
    help: 'YAML or JSON file or folder, - for stdin; repeatable',
  },
  namespace: { type: 'string', short: 'n', value: 'NAMESPACE', help: 'only objects in it; default all' },
  output: outputFlag(formats),
  ...meshFlags,
  filters: filterFlags.filters,
} as const satisfies FlagTable

const help = `fairway waypoint status: what became of each object, and what is wrong with it

Examples
  fairway waypoint status -f objects/                     each object in a row, findings below
  fairway waypoint status -f a.yaml -f b.yaml -o wide     each parent in a row, with reasons and places
  fairway waypoint status -f objects/ -n shop api         the objects of that name
  fairway waypoint status -f objects/ httproute/api -o json | jq '.items[].status.parents'
                                                          as it would stand in a cluster

Usage
  fairway waypoint status -f PATH [NAME | KIND/NAME] [flags]

It reads the files as "fairway run" does and asks the same code, without a cluster and without taking traffic. A
condition is one of Gateway API's; the page on route status says what follows from each.
Exit code 0 when all is fine, 79 when something is not, 78 when a file cannot be read, 1 when there is no such object.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags, positionals } = parseArguments(args, flagTable, 1)
  const format = decodeChoice('output', flags.output, formats)
  if (flags.file.length === 0) {
    throw usageError('no files are given', 'name a file or folder: fairway waypoint status -f objects/')
  }
  const filtersDir = decodeFiltersDir(flags.filters, terminal.cwd)
  const { loadStatus } = await import('./status-report.ts')
  const options = { cwd: terminal.cwd, mesh: decodeMesh(flags, terminal), filtersDir }
  const report = await withStandardInput(flags.file, terminal, (files) => loadStatus(files, options))
  const status = selectItems(report, { namespace: flags.namespace, name: positionals[0] })
  if (report.gateway === undefined && !report.items.some(({ object }) => object.kind === 'Gateway')) {
    terminal.err.write('there is no Gateway among the files: nothing is bound to a waypoint\n')
  }
  const names = (): readonly string[] => status.items.map(({ object }) => formatName(object))
  const found = { table: (look: Look) => formatStatus(status, look), document: () => createDocument(status), names }
  await printAs(format, found, terminal)
  const { withFindings, issues } = summarize(status)
  return withFindings === 0 && issues === 0 ? exitCodes.fine : exitCodes.findings
}

/** The verb for the list of verbs. */
export const statusVerb: Verb = { help, flags: flagTable, positionals: ['[KIND/]NAME'], run }

/** As `kubectl get -o name` has it: `httproute.gateway.networking.k8s.io/api`. */
const formatName = ({ kind, name }: ObjectRef): string => {
  const group = kindApi(kind)?.group ?? ''
  return `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${name}`
}
