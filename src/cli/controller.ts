/** `fairway controller`: makes Gateways real, and says what became of everything. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { ControllerProcessOptions } from '../app/controller/run-controller.ts'
import { guardProcess } from '../app/guard-process.ts'
import { systemClock } from '../lib/clock.ts'
import { createLogger } from '../lib/log.ts'
import { version } from '../lib/version.ts'
import { decodeChoice, formatFlags, parseArguments, usageError, type FlagTable, type FlagValues } from './arguments.ts'
import { clusterDomainFlag, decodeClusterDomain } from './cluster-domain-flag.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { decodeIstioNamespace, istioNamespaceFlag } from './istio-namespace-flag.ts'
import { kubeFlags, openKube } from './kube-flags.ts'
import { decodeBind, decodeLogFlag, decodePort, serverFlags } from './server-flags.ts'
import type { Terminal, Verb } from './verb.ts'

const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const

const flagTable = {
  ...kubeFlags,
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    help: 'of the Lease and of defaults of classes; default: env POD_NAMESPACE, else that of the account or context',
  },
  image: { type: 'string', value: 'IMAGE', help: 'of waypoints; default: env FAIRWAY_IMAGE, else fairway:VERSION' },
  'image-pull-policy': {
    type: 'string',
    default: 'IfNotPresent',
    value: 'POLICY',
    choices: pullPolicies,
    help: 'default IfNotPresent',
  },
  ...clusterDomainFlag,
  'trust-domain': { type: 'string', value: 'TD', help: 'of waypoints; default: as the MeshConfig says' },
  'cluster-id': {
    type: 'string',
    value: 'ID',
    help: 'as istiod calls the cluster; default: env CLUSTER_ID, else Kubernetes',
  },
  ...istioNamespaceFlag,
  'ca-address': {
    type: 'string',
    value: 'HOST[:PORT]',
    help: 'of waypoints; default: istiod of the Gateway’s revision',
  },
  'waypoint-flag': {
    type: 'string',
    multiple: true,
    value: 'FLAG',
    help: 'of fairway run, for waypoints: --waypoint-flag=--access-log=json; repeatable',
  },
  ...serverFlags,
} as const satisfies FlagTable

const help = `fairway controller: makes Gateways of class fairway-waypoint real, and writes what became of each object

Examples
  fairway controller                                       in a Pod, as the account that the chart gives it
  fairway controller --kubeconfig ~/.kube/config --image fairway:dev -n fairway-system
                                                           from this machine, against a cluster
  fairway controller --ready-port 0 --metrics-port 0       on free ports

Usage
  fairway controller [flags]

Several may run: one leads, by the Lease fairway-controller, and the others wait. When it runs it prints one JSON line
{"event":"ready",…} on stderr. SIGTERM and SIGINT end it; another leads at once.
Exit code 0 when it was ended, 78 when the kubeconfig cannot be used or a port is taken.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const level = decodeLogFlag(flags['log-level'])
  const decoded = decodeOptions(flags, terminal.env)
  const options = decoded.settings.flags.length === 0 ? decoded : await withWaypointFlags(decoded)
  const log = createLogger({ write: terminal.log, level, clock: systemClock })
  guardProcess(log)
  const stop = Promise.withResolvers<void>()
  terminal.onSignal(() => stop.resolve())
  const { runController } = await import('../app/controller/run-controller.ts')
  const client = await openKube(flags, terminal)
  const namespace = options.namespace ?? client.connection.namespace
  const controller = await runController({ ...options, client, log, namespace })
  log.event('ready', controller.addresses)
  await stop.promise
  await controller.close()
  log.event('stopped')
  return exitCodes.fine
}

/** What is said of objects goes by what waypoints are told. */
const withWaypointFlags = async (options: Options): Promise<Options> => {
  const { decodeWaypointFlags } = await import('./waypoint-flags.ts')
  const { pathNormalization } = decodeWaypointFlags(options.settings)
  return { ...options, translate: { ...options.translate, pathNormalization } }
}

type Options = Omit<ControllerProcessOptions, 'client' | 'log' | 'namespace'> & {
  readonly namespace: string | undefined
}

const decodeOptions = (flags: FlagValues<typeof flagTable>, env: Terminal['env']): Options => {
  const clusterDomain = decodeClusterDomain(flags['cluster-domain'])
  const trustDomain =
    flags['trust-domain'] === undefined ? undefined : decodeName('trust-domain', flags['trust-domain'])
  const istioNamespace = decodeIstioNamespace(flags['istio-namespace'])
  const port = (name: 'ready-port' | 'metrics-port'): number => decodePort(name, flags[name])
  return {
    namespace: flags.namespace ?? valueOf(env, 'POD_NAMESPACE'),
    // Two containers may have one host name, and one that starts anew must not take its predecessor for itself.
    identity: `${valueOf(env, 'POD_NAME') ?? hostname()}_${randomBytes(4).toString('hex')}`,
    bind: decodeBind(flags.bind),
    ports: { ready: port('ready-port'), metrics: port('metrics-port') },
    settings: {
      image: flags.image ?? valueOf(env, 'FAIRWAY_IMAGE') ?? `fairway:${version}`,
      imagePullPolicy: decodeChoice('image-pull-policy', flags['image-pull-policy'], pullPolicies),
      clusterDomain,
      trustDomain,
      clusterId: flags['cluster-id'] ?? valueOf(env, 'CLUSTER_ID') ?? 'Kubernetes',
      istioNamespace,
      caAddress: flags['ca-address'],
      flags: flags['waypoint-flag'],
    },
    translate: {
      clusterDomain,
      trustDomain: trustDomain ?? 'cluster.local',
      rootNamespace: istioNamespace,
      pathNormalization: 'BASE',
    },
  }
}

const decodeName = (flag: string, text: string): string => {
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) return text
  throw usageError(`--${flag} ${JSON.stringify(text)} is no name`)
}

/** An empty variable is one that is not there. */
const valueOf = (env: Terminal['env'], name: string): string | undefined => {
  const value = env[name]
  return value === '' ? undefined : value
}

/** The verb for the list of verbs. */
export const controllerVerb: Verb = { help, flags: flagTable, run }
