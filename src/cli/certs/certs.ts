/** `fairway certs`: who a waypoint is, for how long, and whom it trusts. */
import { systemClock } from '../../lib/clock.ts'
import { decodeChoice, formatFlags, parseArguments, usageError, type FlagTable } from '../arguments.ts'
import { defaultAdmin } from '../ask-admin.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeHostPort } from '../host-port.ts'
import { outputFlag } from '../output-flag.ts'
import { DOCUMENT_API, printAs, type Look } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'
import { formatCerts } from './format-certs.ts'

const formats = ['table', 'wide', 'json', 'yaml'] as const

const flagTable = {
  admin: { type: 'string', value: 'HOST:PORT', help: `admin API of a running waypoint; default ${defaultAdmin}` },
  certs: { type: 'string', value: 'DIR', help: 'a folder as fairway run --certs takes it, in place of a waypoint' },
  output: outputFlag(formats),
} as const satisfies FlagTable

const help = `fairway certs: who a waypoint is, for how long, and whom it trusts

Examples
  fairway certs                                            the waypoint on this machine
  fairway certs --certs /var/run/secrets/certs             the files in a folder, without a waypoint
  fairway certs -o json | jq .validity.remainingSeconds    how long the certificate is good for
  fairway certs -o json | jq -e '.stolen.forSeconds < 86400'
                                                           a thief could use it for less than a day
  fairway certs -o wide                                    with keys, serial numbers and digests
  kubectl exec deploy/waypoint -- fairway certs            the waypoint of a pod

Usage
  fairway certs [--admin HOST:PORT | --certs DIR] [-o FORMAT]

It shows the chain, who issued it, when it ends, trust roots, revocation lists, and for how long somebody who steals the
certificate with its key could be this waypoint. Keys are never shown, nor sent.
Exit code 0 when all is well, 79 when somebody should see to something, 1 when there is no answer, 65 when the folder
cannot be read.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const format = decodeChoice('output', flags.output, formats)
  if (flags.admin !== undefined && flags.certs !== undefined) {
    throw usageError('--admin and --certs are two places to look', 'leave one of them out')
  }
  const nowMs = systemClock.nowMs()
  const { loadFromAdmin, loadFromFolder } = await import('./load-certs.ts')
  const document =
    flags.certs === undefined
      ? await loadFromAdmin(decodeHostPort('--admin', flags.admin ?? defaultAdmin))
      : await loadFromFolder(flags.certs, terminal.cwd, nowMs)
  const table = (look: Look): string => formatCerts(document, { ...look, nowMs })
  const head = { apiVersion: DOCUMENT_API, kind: 'Certificates' }
  await printAs(format, { table, document: () => ({ ...head, ...document }) }, terminal)
  return document.troubles.length === 0 ? exitCodes.fine : exitCodes.findings
}

/** The verb for the list of verbs. */
export const certsVerb: Verb = { help, flags: flagTable, run }
