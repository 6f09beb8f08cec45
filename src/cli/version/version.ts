/** `fairway version`: which versions there are, of the program and in a cluster. */
import { version } from '../../lib/version.ts'
import { decodeChoice, formatFlags, parseArguments, type FlagTable } from '../arguments.ts'
import { accessFlags, openCluster } from '../cluster/access-flags.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { outputFlag } from '../output-flag.ts'
import { DOCUMENT_API, printAs } from '../terminal/print-as.ts'
import { CliError, type Terminal, type Verb } from '../verb.ts'
import { askVersions, type ClusterVersions } from './cluster-versions.ts'
import { formatVersions, type ClientVersion } from './format-versions.ts'
import { skewsOf } from './skews.ts'

const formats = ['table', 'json', 'yaml'] as const

const flagTable = {
  kube: { type: 'boolean', help: 'ask the cluster as well; --kubeconfig and --context say so too' },
  output: outputFlag(formats),
  ...accessFlags,
} as const satisfies FlagTable

const help = `fairway version: which versions there are, of the program and in a cluster

Examples
  fairway version                               of this program, and of the Node that it runs on
  fairway version --kube                        of controllers, waypoints and Gateway API in the cluster too
  fairway version --kube -o json | jq '.cluster.waypoints[].version'

Usage
  fairway version [--kube] [-o FORMAT] [flags]

What runs in a cluster has the version that its Deployment says, by the label app.kubernetes.io/version or the tag of its
image; one that is pinned by digest alone has none. What does not go together is said on stderr. Exit code 0, whether or not
the versions are the same; with --kube 69 when the cluster cannot be reached, 77 when a right is missing and 78 when
the kubeconfig cannot be used, after the program's own.

Flags
${formatFlags(flagTable)}
`

const client: ClientVersion = {
  version,
  node: process.versions.node,
  platform: `${process.platform}/${process.arch}`,
}

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const format = decodeChoice('output', flags.output, formats)
  const isAsked = flags.kube || flags.kubeconfig !== undefined || flags.context !== undefined
  const { cluster, failure } = isAsked ? await tryCluster(flags, terminal) : {}
  const document = { apiVersion: DOCUMENT_API, kind: 'Version', client, ...(cluster === undefined ? {} : { cluster }) }
  await printAs(
    format,
    { table: ({ colours, maxWidth }) => formatVersions(document, { colours, maxWidth }), document: () => document },
    terminal,
  )
  if (failure !== undefined) throw failure
  for (const skew of cluster === undefined ? [] : skewsOf(client, cluster)) terminal.err.write(`note: ${skew}\n`)
  return exitCodes.fine
}

/** The verb for the list of verbs. */
export const versionVerb: Verb = { help, flags: flagTable, run }

interface Asked {
  readonly cluster?: ClusterVersions
  /** Told after what is known anyway. */
  readonly failure?: CliError
}

const tryCluster = async (flags: Parameters<typeof openCluster>[0], terminal: Terminal): Promise<Asked> => {
  const kube = await openCluster(flags, terminal)
  try {
    return { cluster: await askVersions(kube) }
  } catch (failure) {
    if (failure instanceof CliError) return { failure }
    throw failure
  } finally {
    kube.close()
  }
}
