/** `fairway waypoint apply`: a waypoint in a cluster, and a namespace that goes through it. */
import { decodeChoice, decodeDuration, formatFlags, parseArguments, usageError, type FlagValues } from '../arguments.ts'
import { accessFlags, decodeNamespace, namespaceFlag, openCluster } from '../cluster/access-flags.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import type { FlagTable } from '../flag-table.ts'
import { outputFlag } from '../output-flag.ts'
import type { Terminal, Verb } from '../verb.ts'
import { decodeGatewayFlags, gatewayFlags } from './apply/gateway-flags.ts'
import type { ApplyWish } from './apply/run-apply.ts'

const formats = ['table', 'json', 'yaml', 'name'] as const
const dryRuns = ['none', 'client', 'server'] as const

const flagTable = {
  ...namespaceFlag,
  ...gatewayFlags,
  'enroll-namespace': {
    type: 'boolean',
    help: 'label the namespace, so that all its Services go through the waypoint; with --wait once it is ready',
  },
  overwrite: { type: 'boolean', help: 'enrol the namespace also if it is enrolled with another waypoint' },
  enforce: {
    type: 'boolean',
    help: 'then let nobody past it: an AuthorizationPolicy that ztunnels carry out; implies --wait',
  },
  wait: { type: 'boolean', short: 'w', help: 'until the waypoint is ready' },
  'waypoint-timeout': { type: 'string', default: '1m30s', value: 'DURATION', help: 'of --wait; default 1m30s' },
  'dry-run': {
    type: 'string',
    default: 'none',
    value: dryRuns.join('|'),
    help: 'client: show what would change; server: have the API server check it, too; default none',
  },
  'force-conflicts': { type: 'boolean', help: 'take over fields of the Gateway that others apply' },
  output: outputFlag(formats),
  ...accessFlags,
} as const satisfies FlagTable

const help = `fairway waypoint apply: a waypoint in a namespace

Examples
  fairway waypoint apply -n shop --enroll-namespace --wait
                                                          a waypoint; once it is ready the namespace goes through it
  fairway waypoint apply -n shop --enroll-namespace --enforce
                                                          and nothing goes past it any more
  fairway waypoint apply -n shop --dry-run=server         what would change, checked by the API server
  fairway waypoint apply -n shop --name jobs --for workload
                                                          one for calls to Pods' own addresses
  fairway waypoint apply -n shop --dry-run=client -o yaml > shop.yaml

Usage
  fairway waypoint apply [flags]

What changes is shown first, on stderr; it is written by server-side apply, as fairway-cli. Applied again it changes nothing;
what flags do not say stays as it is. With --wait each new reason for waiting is a line.
Exit code 0 when it is so, 124 when the time for it was over, 1 when it cannot be, 69 when the API server cannot be reached, 77
when you may not, 78 when the kubeconfig cannot be used.

Flags
${formatFlags(flagTable)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const { flags } = parseArguments(args, flagTable)
  const wish = decodeWish(flags)
  const client = await openCluster(flags, terminal)
  const stop = new AbortController()
  const forget = terminal.onSignal(() => {
    stop.abort()
    client.close()
  })
  try {
    const namespace = decodeNamespace(flags.namespace, client)
    const { runApply } = await import('./apply/run-apply.ts')
    await runApply(
      { ...wish, gateway: { ...wish.gateway, namespace }, namespace },
      { client, terminal, signal: stop.signal },
    )
    return exitCodes.fine
  } finally {
    forget()
    client.close()
  }
}

const decodeWish = (flags: FlagValues<typeof flagTable>): Omit<ApplyWish, 'namespace'> => {
  const timeoutMs = decodeDuration('waypoint-timeout', flags['waypoint-timeout'])
  if (timeoutMs === 0)
    throw usageError('--waypoint-timeout 0s is no time to wait', 'without --wait nothing is waited for')
  if (flags.overwrite && !flags['enroll-namespace']) {
    throw usageError('--overwrite says nothing without --enroll-namespace')
  }
  return {
    gateway: { ...decodeGatewayFlags(flags), namespace: undefined },
    isEnrolling: flags['enroll-namespace'],
    isOverwriting: flags.overwrite,
    isEnforcing: flags.enforce,
    isWaiting: flags.wait || flags.enforce,
    timeoutMs,
    dryRun: decodeChoice('dry-run', flags['dry-run'], dryRuns),
    isForced: flags['force-conflicts'],
    format: decodeChoice('output', flags.output, formats),
  }
}

/** The verb for the list of verbs. */
export const applyVerb: Verb = { help, flags: flagTable, run }
