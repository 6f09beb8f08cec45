/** `fairway waypoint list`: the waypoints of a cluster. */
import { decodeChoice, formatFlags, parseArguments } from '../arguments.ts'
import { accessFlags, allNamespacesFlag, decodeScope, namespaceFlag, openCluster } from '../cluster/access-flags.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import type { FlagTable } from '../flag-table.ts'
import { outputFlag } from '../output-flag.ts'
import { printAs } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'

const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const

const flagTable = {
  ...namespaceFlag,
  ...allNamespacesFlag,
  output: outputFlag(formats),
  ...accessFlags,
} as const satisfies FlagTable

const help = `fairway waypoint list: the waypoints of a namespace, or of a cluster

Examples
  fairway waypoint list                                   those of the context's namespace
  fairway waypoint list -A -o wide                        all, with class, replicas, address and age
  fairway waypoint list -n shop -o name | xargs kubectl get -n shop
  fairway waypoint list -A -o json | jq '.items[].metadata.name'

Usage
  fairway waypoint list [-n NAMESPACE | -A] [-o FORMAT] [flags]

A waypoint is a Gateway of a class of ours. TRAFFIC TYPE is what it takes: of its label istio.io/waypoint-for, else of its
class, else service. JSON and YAML are a List of the Gateways. "waypoint status" says what is wrong with one.
Exit code 0, also when there are none, 69 when the API server cannot be reached, 77 when you may not ask it, 78
when the kubeconfig cannot be used.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const format = decodeChoice('output', flags.output, formats)
  const client = await openCluster(flags, terminal)
  try {
    const namespace = decodeScope(flags, client)
    const { loadWaypoints, printableWaypoints } = await import('./live/list-waypoints.ts')
    const found = await loadWaypoints(client, namespace)
    if (found.rows.length === 0) {
      const where = namespace === undefined ? 'in the cluster' : `in namespace ${namespace}`
      terminal.err.write(`there are no waypoints ${where}\n`)
    }
    await printAs(format, printableWaypoints(found), terminal)
    return exitCodes.fine
  } finally {
    client.close()
  }
}

/** The verb for the list of verbs. */
export const listVerb: Verb = { help, flags: flagTable, run }
