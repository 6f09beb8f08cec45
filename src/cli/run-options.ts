import { createSecureContext } from 'node:tls'
import { availableParallelism } from 'node:os'
import { resolve as resolvePath } from 'node:path'
import type { WaypointOptions } from '../app/options.ts'
import type { ObjectPlace } from '../config/source/open-object-source.ts'
import { caFlags, decodeCa } from './ca-flags.ts'
import { decodeDeadlines, deadlineFlags } from './deadline-flags.ts'
import { decodeInteger, parseArguments, usageError, type FlagTable, type FlagValues } from './arguments.ts'
import { decodeFilterFlags, filterFlags } from './filter-flags.ts'
import { clusterFlags, decodeCluster, meshInCluster, refuseWithoutKube } from './cluster-flags.ts'
import { decodeMesh, meshFlags } from './mesh-flags.ts'
import { decodeLogFlags, logFlags } from './log-flags.ts'
import { decodeOverload, overloadFlags } from './overload-flags.ts'
import { decodeBind, decodeLogFlag, decodePort, serverFlags } from './server-flags.ts'
import { decodeTracing, tracingFlags } from './tracing-flags.ts'
import type { Terminal } from './verb.ts'

/** The flags of `fairway run`. */
export const runFlags = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'PATH',
    help: 'YAML or JSON file or folder; repeatable, watched',
  },
  ...clusterFlags,
  ...meshFlags,
  ...caFlags,
  'tls-groups': {
    type: 'string',
    value: 'LIST',
    help: 'key exchange groups, joined by colons; default what OpenSSL offers',
  },
  bind: serverFlags.bind,
  'hbone-port': { type: 'string', default: '15008', value: 'PORT', help: 'HBONE; default 15008, 0 picks a free one' },
  'ready-port': serverFlags['ready-port'],
  'metrics-port': serverFlags['metrics-port'],
  'admin-port': { type: 'string', default: '15000', value: 'PORT', help: 'admin API, loopback only; default 15000' },
  workers: {
    type: 'string',
    default: 'auto',
    value: 'N|auto',
    help: 'data-plane processes; default auto: one for each CPU',
  },
  ...logFlags,
  ...tracingFlags,
  'log-level': serverFlags['log-level'],
  'drain-seconds': {
    type: 'string',
    default: '25',
    value: 'N',
    help: 'time to end in good order after SIGTERM; default 25',
  },
  ...filterFlags,
  ...overloadFlags,
  ...deadlineFlags,
} as const satisfies FlagTable

/**
 * Reads the arguments of `fairway run`; throws `CliError` (64) for what cannot be meant. Of the environment it takes
 * `GATEWAY_NAMESPACE` and `GATEWAY_NAME`, which Istio's pods have, in place of `--gateway`, `FAIRWAY_ZONE` and
 * `FAIRWAY_NODE`, what tells where the certificate comes from (`ca-flags.ts`), and OpenTelemetry's (`tracing-flags.ts`).
 */
export const decodeRunOptions = (
  args: readonly string[],
  { cwd, env }: Pick<Terminal, 'cwd' | 'env'>,
  /** Gets what is passed over. */
  warn: (message: string) => void = () => {},
): WaypointOptions => {
  const { flags } = parseArguments(args, runFlags)
  const mesh = decodeMesh(flags, { cwd, env })
  const isOfCluster = flags.kube && flags.certs === undefined
  const port = (name: 'hbone-port' | 'ready-port' | 'metrics-port' | 'admin-port'): number =>
    decodePort(name, flags[name])
  const tracing = decodeTracing(flags, env, warn)
  return {
    place: decodePlace(flags, { gateway: mesh.gateway, cwd }),
    ...mesh,
    mesh: flags.kube ? (mesh.mesh ?? meshInCluster(flags)) : mesh.mesh,
    ca: decodeCa({ ...flags, ca: flags.ca ?? (isOfCluster ? 'istiod' : undefined) }, { cwd, env }),
    tlsGroups: decodeTlsGroups(flags['tls-groups']),
    bind: decodeBind(flags.bind),
    ports: {
      hbone: port('hbone-port'),
      ready: port('ready-port'),
      metrics: port('metrics-port'),
      admin: port('admin-port'),
    },
    workers:
      flags.workers === 'auto' ? availableParallelism() : decodeInteger('workers', flags.workers, { min: 1, max: 256 }),
    ...decodeLogFlags(flags, { cwd, hasCollector: tracing.collector !== undefined }),
    tracing,
    logLevel: decodeLogFlag(flags['log-level']),
    drainMs: decodeInteger('drain-seconds', flags['drain-seconds'], { min: 0, max: 86_400 }) * 1000,
    deadlines: decodeDeadlines(flags),
    overload: decodeOverload(flags),
    ...decodeFilterFlags(flags, cwd),
  }
}

const decodePlace = (
  flags: FlagValues<typeof runFlags>,
  { gateway, cwd }: { readonly gateway: WaypointOptions['gateway']; readonly cwd: string },
): ObjectPlace => {
  if (flags.kube) return decodeCluster(flags, { files: flags.file, gateway, cwd })
  refuseWithoutKube(flags)
  if (flags.file.length > 0) return { kind: 'files', paths: flags.file.map((file) => resolvePath(cwd, file)) }
  throw usageError(
    'no configuration is given',
    'name a file or folder: fairway run -f examples/01-canary/objects.yaml; or a cluster: --kube',
  )
}

/** OpenSSL is the only one that knows which groups it has. */
const decodeTlsGroups = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined
  try {
    createSecureContext({ ecdhCurve: text })
    return text
  } catch {
    throw usageError(
      `--tls-groups ${JSON.stringify(text)} has a group that OpenSSL ${process.versions.openssl} does not know`,
      'write names joined by colons: X25519MLKEM768:X25519:P-256',
    )
  }
}
