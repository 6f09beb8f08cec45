/** `fairway waypoint generate`: the Gateway of a waypoint as a file. */
import { decodeChoice, formatFlags, parseArguments, usageError } from '../arguments.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import type { FlagTable } from '../flag-table.ts'
import { outputFlag } from '../output-flag.ts'
import { printAs } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'
import { decodeGatewayFlags, gatewayFlags } from './apply/gateway-flags.ts'

const formats = ['yaml', 'json'] as const

const flagTable = {
  namespace: { type: 'string', short: 'n', value: 'NAMESPACE', help: 'default: none, wherever it is applied' },
  ...gatewayFlags,
  output: outputFlag(formats),
} as const satisfies FlagTable

const help = `fairway waypoint generate: the Gateway of a waypoint as YAML, without a cluster

Examples
  fairway waypoint generate -n shop > waypoint.yaml       for a repository
  fairway waypoint generate --for all | kubectl apply -n shop -f -
  fairway waypoint generate -n shop > w.yaml && fairway waypoint status -f w.yaml

Usage
  fairway waypoint generate [flags]

It prints what "fairway waypoint apply" applies. Nothing is asked of a cluster.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const format = decodeChoice('output', flags.output, formats)
  const wish = decodeGatewayFlags(flags)
  const { namespace } = flags
  if (namespace !== undefined && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    throw usageError(`--namespace ${JSON.stringify(namespace)} is no name of a namespace`)
  }
  const { gatewayManifest } = await import('./apply/gateway-manifest.ts')
  const gateway = { apiVersion: '', kind: '', ...gatewayManifest({ ...wish, namespace }) }
  await printAs(format, { table: () => '', document: () => gateway }, terminal)
  return exitCodes.fine
}

/** The verb for the list of verbs. */
export const generateVerb: Verb = { help, flags: flagTable, run }
