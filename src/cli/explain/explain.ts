/** `fairway explain`: what would become of a request, and why. */
import { decodeChoice, formatFlags, parseArguments, usageError, type FlagValues } from '../arguments.ts'
import { defaultAdmin } from '../ask-admin.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { decodeFiltersDir } from '../filter-flags.ts'
import { decodeHostPort } from '../host-port.ts'
import { decodeMesh } from '../mesh-flags.ts'
import { printAs } from '../terminal/print-as.ts'
import type { Terminal, Verb } from '../verb.ts'
import type { Explainer } from './ask-for-explanation.ts'
import { explainFlags, explainFormats } from './explain-flags.ts'
import { createDocument, type ExplanationDocument } from './explanation-document.ts'
import { formatExplanation } from './format-explanation.ts'
import { imagineRequest } from './imagined-request.ts'

const help = `fairway explain: what would become of a request, and why

Examples
  fairway explain GET http://api.shop/items -f objects/          by files, without a cluster
  fairway explain http://api.shop/items --kube --from web/front  by a cluster, as the waypoint of the Service would
  fairway explain http://api.shop/items -n shop --context prod   by the waypoints of a namespace of another cluster
  fairway explain http://api.shop/items --from web/front         in the waypoint on this machine
  fairway explain POST http://10.96.0.10/orders -f a.yaml -f b.yaml -H 'x-user: ann' --from web/front
  fairway explain http://api.shop/me -f objects/ --claims '{"iss":"https://id.example","sub":"ann"}'
  fairway explain tcp://db.shop:5432 -f objects/                 a connection; tls://NAME is one with a server name
  fairway explain http://api.shop/items -f objects/ -o json | jq -r .rule
  kubectl exec deploy/waypoint -- fairway explain http://api.shop/items
                                                                 in the waypoint of a pod

Usage
  fairway explain [METHOD] URL [-f PATH… | --kube [-n NAMESPACE] | --admin HOST:PORT] [flags]

Nothing is sent. The functions that carry the traffic are asked what they would do, and say which Service and route it
is, what policies have to say to it, who gets it, and why the others do not. Short names are tried as DNS in the
cluster would, those without a dot in the namespace of --from. Of a cluster it reads what the waypoint reads, but Secrets,
and goes by the flags of the waypoint's Deployment; nothing is written, and no waypoint is asked.
Exit code 0 when somebody would answer it, 79 when it would be refused, 78 when a file or the kubeconfig cannot be read,
1 when there is no such waypoint, or it does not answer, 69 when the API server cannot be reached, 77 when you may not
read what the waypoint reads.

Flags
${formatFlags(explainFlags)}
`

type Flags = FlagValues<typeof explainFlags>

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags, positionals } = parseArguments(args, explainFlags, 2)
  const format = decodeChoice('output', flags.output, explainFormats)
  const request = imagineRequest(positionals, flags)
  const { askForExplanation, refuseBadRequest } = await import('./ask-for-explanation.ts')
  refuseBadRequest(request)
  const isLive = flags.file.length === 0
  refuseTwoPlaces(flags)
  const document = isOfCluster(flags)
    ? await explainByCluster(flags, positionals, terminal)
    : createDocument(request, await askForExplanation(request, await chooseExplainer(flags, terminal)), { isLive })
  await printAs(format, { table: (look) => formatExplanation(document, look), document: () => document }, terminal)
  return document.isServed ? exitCodes.fine : exitCodes.findings
}

/** Those that say something of a cluster only. */
const ofCluster = ['namespace', 'kubeconfig', 'context', 'as', 'istio-namespace'] as const

const isOfCluster = (flags: Flags): boolean => flags.kube || ofCluster.some((name) => flags[name] !== undefined)

const refuseTwoPlaces = (flags: Flags): void => {
  const cluster = flags.kube ? 'kube' : ofCluster.find((name) => flags[name] !== undefined)
  const places = [
    ...(flags.file.length > 0 ? ['--file'] : []),
    ...(flags.admin === undefined ? [] : ['--admin']),
    ...(cluster === undefined ? [] : [`--${cluster}`]),
  ]
  if (places.length > 1)
    throw usageError(
      `${places.join(' and ')} are ${places.length === 2 ? 'two' : 'three'} places to look`,
      places.length === 2 ? 'leave one of them out' : 'leave all but one out',
    )
  if (cluster !== undefined && flags['mesh-config'] !== undefined) {
    throw usageError('--mesh-config is for files: a cluster has its own', 'leave it out')
  }
}

const explainByCluster = async (
  flags: Flags,
  positionals: readonly string[],
  terminal: Terminal,
): Promise<ExplanationDocument> => {
  const { explainCluster } = await import('./explain-cluster.ts')
  const { request, answer, waypoint } = await explainCluster(flags, positionals, terminal)
  return createDocument(request, answer, { isLive: true, waypoint })
}

/** The verb for the list of verbs. */
export const explainVerb: Verb = { help, flags: explainFlags, positionals: ['METHOD', 'URL'], run }

const chooseExplainer = async (flags: Flags, terminal: Terminal): Promise<Explainer> => {
  const { file: files, 'cluster-domain': clusterDomain } = flags
  if (files.length === 0) {
    const { fromWaypoint } = await import('./ask-for-explanation.ts')
    return fromWaypoint(decodeHostPort('--admin', flags.admin ?? defaultAdmin))
  }
  const filtersDir = decodeFiltersDir(flags.filters, terminal.cwd)
  const { explainFiles } = await import('./explain-files.ts')
  return explainFiles({ files, mesh: decodeMesh(flags, terminal), filtersDir, clusterDomain }, terminal)
}
