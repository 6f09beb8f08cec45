/** `fairway run`: the data plane, from flags to SIGTERM. */
import { availableParallelism } from 'node:os'
import { resolve as resolvePath } from 'node:path'
import { startWaypoint } from '../app.ts'
import type { WaypointOptions } from '../app/options.ts'
import { systemClock } from '../lib/clock.ts'
import { createLogger, decodeLogLevel, logLevels } from '../lib/log.ts'
import { decodeInteger, formatFlags, parseArguments, usageError, type FlagTable, type FlagValues } from './arguments.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import type { Terminal, Verb } from './verb.ts'

const flagTable = {
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
} as const satisfies FlagTable

const help = `fairway run: the data plane of a waypoint

Examples
  fairway run -f examples/01-canary/objects.yaml                serve a file, with a development CA
  fairway run -f objects.yaml --certs /var/run/secrets/certs    with certificates from files
  fairway run -f objects.yaml --workers 2 --access-log json     two processes, a line for each request
  fairway run -f a.yaml -f b/ --gateway shop/waypoint --hbone-port 0 --admin-port 0

Usage
  fairway run -f PATH [flags]

Configuration is watched: a change is in force without a restart, a document that cannot be read leaves the last good
one in force. When it takes traffic it prints one JSON line {"event":"ready",…} on stderr, like everything it says
beside the access log. SIGTERM drains; SIGINT, or a second signal, ends at once.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const options = decodeOptions(flags, terminal)
  const log = createLogger({ write: terminal.err.write, level: options.logLevel, clock: systemClock })
  const waypoint = await startWaypoint(options, log)
  log.event('ready', waypoint.addresses)
  let isEnding = false
  terminal.onSignal((signal) => {
    const isHasty = isEnding || signal === 'SIGINT'
    isEnding = true
    void (isHasty ? waypoint.close() : waypoint.drain())
  })
  await waypoint.ended
  log.event('stopped')
  return exitCodes.fine
}

/** The verb for the list of verbs. */
export const runVerb: Verb = { help, run }

const decodeOptions = (
  flags: FlagValues<typeof flagTable>,
  { cwd, env }: Pick<Terminal, 'cwd' | 'env'>,
): WaypointOptions => {
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
    gateway: chooseGateway(flags.gateway, env),
    ca: decodeCa(flags, cwd),
    trustDomains: decodeTrustDomains(flags['trust-domain']),
    clusterDomain: flags['cluster-domain'],
    pathNormalization: decodeChoice('path-normalization', flags['path-normalization'], [
      'NONE',
      'BASE',
      'MERGE_SLASHES',
      'DECODE_AND_MERGE_SLASHES',
    ]),
    tlsGroups: flags['tls-groups'],
    bind: flags.bind,
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
  }
}

/** The flag, else the environment of Istio's pods, else whatever the files have. */
const chooseGateway = (flag: string | undefined, env: Terminal['env']): WaypointOptions['gateway'] => {
  if (flag !== undefined) return decodeGateway(flag)
  const { GATEWAY_NAMESPACE: namespace, GATEWAY_NAME: name } = env
  return namespace === undefined || name === undefined ? undefined : { namespace, name }
}

const decodeGateway = (text: string): { readonly namespace: string; readonly name: string } => {
  const [, namespace, name] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(text) ?? []
  if (namespace === undefined || name === undefined)
    throw usageError(`--gateway ${JSON.stringify(text)} is not NS/NAME`)
  return { namespace, name }
}

const decodeCa = (flags: FlagValues<typeof flagTable>, cwd: string): WaypointOptions['ca'] => {
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
