/** `fairway filter list`: the filters of users in a running waypoint, and how they do. */
import { defaultAdmin } from '../ask-admin.ts'
import { decodeChoice, formatFlags, parseArguments, type FlagTable } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeHostPort } from '../host-port.ts'
import { outputFlag } from '../output-flag.ts'
import { DOCUMENT_API, nameIn, printAs, type Printable } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'
import { askFilters } from './filters-document.ts'
import { formatFilters } from './format-filters.ts'

const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const

const flagTable = {
  admin: { type: 'string', value: 'HOST:PORT', help: `admin API of the waypoint; default ${defaultAdmin}` },
  output: outputFlag(formats),
} as const satisfies FlagTable

const help = `fairway filter list: the filters of users in a running waypoint, and how they do

Examples
  fairway filter list                                      each version in force: state, calls, failures, times
  fairway filter list -o wide                              with deadlines, failure mode and isolation
  fairway filter list -o json | jq '.filters[].lastFailure'
  kubectl exec deploy/waypoint -- fairway filter list      those of a pod

Usage
  fairway filter list [--admin HOST:PORT] [-o FORMAT]

P50 and MAX are how long calls held the event loop, BUDGET how long they may. Counts are of all processes of the waypoint.
Exit code 0 when all of them are active, 79 when one is quarantined or on probation, 1 when there is no answer.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const format = decodeChoice('output', flags.output, formats)
  const document = await askFilters(decodeHostPort('--admin', flags.admin ?? defaultAdmin))
  const found: Printable = {
    table: (look) => formatFilters(document, look),
    document: () => ({ apiVersion: DOCUMENT_API, kind: 'FilterList', ...document }),
    names: () => document.filters.map(({ kind, id }) => `${kind.toLowerCase()}.fairway.dev/${nameIn(id)}`),
  }
  await printAs(format, found, terminal)
  return document.filters.every(({ state }) => state === 'active') ? exitCodes.fine : exitCodes.findings
}

/** The verb for the list of verbs. */
export const listVerb: Verb = { help, flags: flagTable, run }
