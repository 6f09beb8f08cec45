/** `fairway waypoint delete`: waypoints taken out of a cluster, with what `apply` wrote beside them. */
import { decodeChoice, formatFlags, parseArguments, usageError } from '../arguments.ts'
import { accessFlags, decodeNamespace, namespaceFlag, openCluster } from '../cluster/access-flags.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { FlagTable } from '../flag-table.ts'
import { outputFlag } from '../output-flag.ts'
import type { Terminal, Verb } from '../verb.ts'
import { decodeLabelValue } from './apply/gateway-manifest.ts'

const formats = ['table', 'json', 'yaml', 'name'] as const
const dryRuns = ['none', 'client', 'server'] as const

const flagTable = {
  ...namespaceFlag,
  all: { type: 'boolean', help: 'all waypoints of the namespace' },
  revision: { type: 'string', short: 'r', value: 'REV', help: 'all of this revision (label istio.io/rev)' },
  yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  'dry-run': {
    type: 'string',
    default: 'none',
    value: dryRuns.join('|'),
    help: 'client: say what would be done; server: have the API server check it, too; default none',
  },
  output: outputFlag(formats),
  ...accessFlags,
} as const satisfies FlagTable

const help = `fairway waypoint delete: waypoints taken out of a cluster

Examples
  fairway waypoint delete waypoint -n shop                asks first, and says what will go on without it
  fairway waypoint delete --all -n shop --yes             all of a namespace, for scripts
  fairway waypoint delete old -n shop --dry-run=server    what would be done

Usage
  fairway waypoint delete NAME… | --all | --revision REV [flags]

First the policies go that apply --enforce wrote, then the label by which apply enrolled the namespace, then the Gateway, and with
it all that the controller made. Only waypoints of ours are deleted, and only what fairway-cli wrote is taken back; what is left
that names the waypoint is told. Policies and routes of the waypoint are no longer in force then.
Exit code 0 when it is done, 1 when it is not, 64 where nobody can be asked and --yes is missing, 77 when you may not,
78 when the kubeconfig cannot be used, 69 when the API server cannot be reached.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags, positionals } = parseArguments(args, flagTable, Infinity)
  const names = [...new Set(positionals)]
  const isAll = flags.all || flags.revision !== undefined
  if (isAll && names.length > 0) throw usageError('names and --all or --revision are two answers to one question')
  if (!isAll && names.length === 0) {
    throw usageError('which waypoint?', 'name it, or say --all; fairway waypoint list shows them')
  }
  const dryRun = decodeChoice('dry-run', flags['dry-run'], dryRuns)
  const format = decodeChoice('output', flags.output, formats)
  const revision = flags.revision === undefined ? undefined : decodeLabelValue('revision', flags.revision)
  const client = await openCluster(flags, terminal)
  try {
    const namespace = decodeNamespace(flags.namespace, client)
    const { runDelete } = await import('./delete/run-delete.ts')
    const chosen = isAll ? undefined : names
    return await runDelete(
      { namespace, names: chosen, revision, isSure: flags.yes, dryRun, format },
      { client, terminal },
    )
  } finally {
    client.close()
  }
}

/** The verb for the list of verbs. */
export const deleteVerb: Verb = { help, flags: flagTable, positionals: ['GATEWAY…'], run }
