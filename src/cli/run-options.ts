import { createSecureContext } from 'node:tls'
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import { resolve as resolvePath } from 'node:path'
import type { WaypointOptions } from '../app/options.ts'
import { decodeLogLevel, logLevels } from '../lib/log.ts'
import { decodeDeadlines, deadlineFlags } from './deadline-flags.ts'
import { decodeInteger, parseArguments, usageError, type FlagTable, type FlagValues } from './arguments.ts'
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
  gateway: {
    type: 'string',
    value: 'NS/NAME',
    help: 'which Gateway this is; default: env GATEWAY_NAMESPACE and GATEWAY_NAME, else the only one with an HBONE listener',
  },
  ca: {
    type: 'string',
    value: 'dev|files',
    help: 'where the certificate comes from; default files with --certs, else dev',
  },
  certs: { type: 'string', value: 'DIR', help: 'cert-chain.pem, key.pem, root-cert.pem; reloaded when they change' },
  'trust-domain': { type: 'string', default: 'cluster.local', value: 'TD[,ALIAS]', help: 'default cluster.local' },
  'cluster-domain': {
    type: 'string',
    default: 'cluster.local',
    value: 'DOMAIN',
    help: 'of service host names; default cluster.local',
  },
  'path-normalization': {
    type: 'string',
    default: 'BASE',
    value: 'MODE',
    help: 'NONE, BASE (default), MERGE_SLASHES, DECODE_AND_MERGE_SLASHES',
  },
  'tls-groups': {
    type: 'string',
    value: 'LIST',
    help: 'key exchange groups, joined by colons; default what OpenSSL offers',
  },
  bind: { type: 'string', default: '::', value: 'ADDR', help: 'default :: with IPv4 as well' },
  'hbone-port': { type: 'string', default: '15008', value: 'PORT', help: 'HBONE; default 15008, 0 picks a free one' },
  'ready-port': { type: 'string', default: '15021', value: 'PORT', help: '/healthz/ready; default 15021' },
  'metrics-port': { type: 'string', default: '15020', value: 'PORT', help: '/stats/prometheus; default 15020' },
  'admin-port': { type: 'string', default: '15000', value: 'PORT', help: 'admin API, loopback only; default 15000' },
  workers: {
    type: 'string',
    default: 'auto',
    value: 'N|auto',
    help: 'data-plane processes; default auto: one for each CPU',
  },
  'access-log': { type: 'string', default: 'off', value: 'json|text|off', help: 'to stdout; default off' },
  'log-level': { type: 'string', default: 'info', value: 'LEVEL', help: `${logLevels.join(', ')}; default info` },
  'drain-seconds': {
    type: 'string',
    default: '25',
    value: 'N',
    help: 'time to end in good order after SIGTERM; default 25',
  },
  ...deadlineFlags,
} as const satisfies FlagTable

/**
 * Reads the arguments of `fairway run`; throws `CliError` (64) for what cannot be meant. Of the environment it takes
 * `GATEWAY_NAMESPACE` and `GATEWAY_NAME`, which Istio's pods have, in place of `--gateway`.
 */
export const decodeRunOptions = (
  args: readonly string[],
  { cwd, env }: Pick<Terminal, 'cwd' | 'env'>,
): WaypointOptions => {
  const { flags } = parseArguments(args, runFlags)
  if (flags.file.length === 0) {
    throw usageError(
      'no configuration is given',
      'name a file or folder: fairway run -f examples/01-canary/objects.yaml',
    )
  }
  const port = (name: 'hbone-port' | 'ready-port' | 'metrics-port' | 'admin-port'): number =>
    decodeInteger(name, flags[name], { min: 0, max: 65_535 })
  return {
    files: flags.file.map((file) => resolvePath(cwd, file)),
    gateway: decodeGateway(flags.gateway, env),
    ca: decodeCa(flags, cwd),
    trustDomains: decodeTrustDomains(flags['trust-domain']),
    clusterDomain: flags['cluster-domain'],
    pathNormalization: decodeChoice('path-normalization', flags['path-normalization'], [
      'NONE',
      'BASE',
      'MERGE_SLASHES',
      'DECODE_AND_MERGE_SLASHES',
    ]),
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
    accessLog: decodeChoice('access-log', flags['access-log'], ['json', 'text', 'off']),
    logLevel: decodeLogLevel(flags['log-level']) ?? decodeChoice('log-level', flags['log-level'], logLevels),
    drainMs: decodeInteger('drain-seconds', flags['drain-seconds'], { min: 0, max: 86_400 }) * 1000,
    deadlines: decodeDeadlines(flags),
  }
}

const decodeGateway = (text: string | undefined, env: Terminal['env']): WaypointOptions['gateway'] => {
  const { GATEWAY_NAMESPACE: fromNamespace = '', GATEWAY_NAME: fromName = '' } = env
  const isFromEnv = text === undefined && fromNamespace !== '' && fromName !== ''
  const written = isFromEnv ? `${fromNamespace}/${fromName}` : text
  if (written === undefined) return undefined
  const [, namespace, name] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(written) ?? []
  if (namespace !== undefined && name !== undefined) return { namespace, name }
  const source = isFromEnv ? 'GATEWAY_NAMESPACE/GATEWAY_NAME' : '--gateway'
  throw usageError(`${source} ${JSON.stringify(written)} is not NS/NAME`)
}

const decodeBind = (text: string): string => {
  if (isIP(text) !== 0) return text
  throw usageError(`--bind ${JSON.stringify(text)} is no IP address`, 'write 0.0.0.0, 127.0.0.1 or :: without brackets')
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

const decodeCa = (flags: FlagValues<typeof runFlags>, cwd: string): WaypointOptions['ca'] => {
  const kind = flags.ca ?? (flags.certs === undefined ? 'dev' : 'files')
  if (kind === 'dev') return { kind, stateDir: resolvePath(cwd, '.fairway') }
  if (kind !== 'files') throw usageError(`--ca ${JSON.stringify(kind)} is neither dev nor files`)
  if (flags.certs === undefined) throw usageError('--ca files needs --certs DIR')
  return { kind, dir: resolvePath(cwd, flags.certs) }
}

const decodeTrustDomains = (text: string): readonly [string, ...string[]] => {
  const [own, ...aliases] = text.split(',').map((part) => part.trim())
  const wrong = [own, ...aliases].find((domain) => domain === undefined || !/^[a-z0-9._-]{1,255}$/.test(domain))
  if (own === undefined || wrong !== undefined)
    throw usageError(`--trust-domain ${JSON.stringify(text)} has no valid form`)
  return [own, ...aliases]
}

const decodeChoice = <Choice extends string>(flag: string, text: string, choices: readonly Choice[]): Choice => {
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) throw usageError(`--${flag} ${JSON.stringify(text)} is none of ${choices.join(', ')}`)
  return choice
}
