/** The flags that say which cluster is meant, as whom, and where in it: kubectl's. */
import type { KubeClient } from '../../kube/client.ts'
import { canBeName } from '../../kube/resources.ts'
import { decodeDuration, usageError, type FlagValues } from '../arguments.ts'
import type { FlagTable } from '../flag-table.ts'
import { kubeFlags, openKube } from '../kube-flags.ts'
import type { Terminal } from '../verb.ts'

/** For every verb that asks a cluster. */
export const accessFlags = {
  ...kubeFlags,
  as: { type: 'string', value: 'USER', help: 'act as somebody else, if you may' },
  'as-group': { type: 'string', multiple: true, value: 'GROUP', help: 'with --as: a group of his; repeatable' },
  'request-timeout': {
    type: 'string',
    default: '30s',
    value: 'DURATION',
    help: 'time for the API server to answer a question; default 30s',
  },
} as const satisfies FlagTable

export const namespaceFlag = {
  namespace: { type: 'string', short: 'n', value: 'NAMESPACE', help: 'default: that of the context' },
} as const satisfies FlagTable

export const allNamespacesFlag = {
  'all-namespaces': { type: 'boolean', short: 'A', help: 'of all namespaces' },
} as const satisfies FlagTable

/** Nobody waits longer for an answer. */
const MAX_TIMEOUT_MS = 3_600_000

/** Opens a client as the flags say; nothing is asked yet. Throws `CliError` (64), or `StartupError` (78) without a cluster. */
export const openCluster = (
  flags: FlagValues<typeof accessFlags>,
  terminal: Pick<Terminal, 'cwd' | 'env'>,
): Promise<KubeClient> => {
  const deadlineMs = decodeTimeout(flags['request-timeout'])
  const groups = flags['as-group']
  if (flags.as === undefined && groups.length > 0) throw usageError('--as-group says nothing without --as')
  for (const [flag, text] of [['as', flags.as ?? 'x'], ...groups.map((group) => ['as-group', group])] as const) {
    if (!/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text ?? '')) {
      throw usageError(`--${flag} ${JSON.stringify(text)} is no name that can be sent: plain ASCII, and not empty`)
    }
  }
  const impersonate = flags.as === undefined ? undefined : { user: flags.as, groups }
  return openKube(flags, terminal, { deadlineMs, impersonate, isPatient: true })
}

/** `--request-timeout` in milliseconds; kubectl takes a bare number for seconds. Throws `CliError` (64). */
export const decodeTimeout = (text: string): number => {
  const ms = decodeDuration('request-timeout', /^\d{1,5}$/.test(text) ? `${text}s` : text)
  if (ms > 0 && ms <= MAX_TIMEOUT_MS) return ms
  throw usageError(`--request-timeout ${text} is not more than 0s, and at most 1h`)
}

/** The namespace that is meant: the flag's, else that of the context or account. Throws `CliError` (64) for no name. */
export const decodeNamespace = (flag: string | undefined, { connection }: Pick<KubeClient, 'connection'>): string => {
  const namespace = flag ?? connection.namespace
  if (canBeName(namespace) && !namespace.includes('.') && namespace.length <= 63) return namespace
  throw usageError(
    `--namespace ${JSON.stringify(namespace)} is no name of a namespace: lower case letters, digits, "-"`,
  )
}

/** The same, or `undefined` for all of them. Throws `CliError` (64) where both flags are given. */
export const decodeScope = (
  flags: { readonly namespace: string | undefined; readonly 'all-namespaces': boolean },
  client: Pick<KubeClient, 'connection'>,
): string | undefined => {
  if (!flags['all-namespaces']) return decodeNamespace(flags.namespace, client)
  if (flags.namespace === undefined) return undefined
  throw usageError('--namespace and --all-namespaces are two answers to one question', 'leave one of them out')
}
