/** `fairway waypoint mirrors`: what mirrors answer otherwise than the primary, in a running waypoint. */
import { defaultAdmin } from '../ask-admin.ts'
import { decodeChoice, formatFlags, parseArguments, type FlagTable } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeHostPort } from '../host-port.ts'
import { outputFlag } from '../output-flag.ts'
import { DOCUMENT_API, nameIn, printAs, type Printable } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'
import { formatMirrors } from './format-mirrors.ts'
import { askMirrors } from './mirrors-document.ts'

const formats = ['table', 'json', 'yaml', 'name'] as const

const flagTable = {
  admin: { type: 'string', value: 'HOST:PORT', help: `admin API of the waypoint; default ${defaultAdmin}` },
  output: outputFlag(formats),
} as const satisfies FlagTable

const help = `fairway waypoint mirrors: what mirrors answer otherwise than the primary, in a running waypoint

Examples
  fairway waypoint mirrors                                 each mirror that is compared, and what differs by its path
  fairway waypoint mirrors -o json | jq '.comparisons[].differences[].path'
  kubectl exec deploy/waypoint -- fairway waypoint mirrors those of a pod

Usage
  fairway waypoint mirrors [--admin HOST:PORT] [-o FORMAT]

Counts are of all processes of the waypoint. LEARNING pairs were seen before enough was known of what is noise.
Exit code 0 when nothing differs, 79 when something does, 1 when there is no answer.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const format = decodeChoice('output', flags.output, formats)
  const document = await askMirrors(decodeHostPort('--admin', flags.admin ?? defaultAdmin))
  const found: Printable = {
    table: (look) => formatMirrors(document, look),
    document: () => ({ apiVersion: DOCUMENT_API, kind: 'MirrorList', ...document }),
    names: () => document.comparisons.map(({ comparison }) => `mirrorcomparison.fairway.dev/${nameIn(comparison)}`),
  }
  await printAs(format, found, terminal)
  return document.comparisons.every(({ differences }) => differences.length === 0) ? exitCodes.fine : exitCodes.findings
}

/** The verb for the list of verbs. */
export const mirrorsVerb: Verb = { help, flags: flagTable, run }
