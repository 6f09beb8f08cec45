/** The flags that say which Kubernetes cluster is meant. */
import type { ClientOptions, KubeClient } from '../kube/client.ts'
import type { Impersonation } from '../kube/connect/connection.ts'
import { StartupError } from '../lib/startup-error.ts'
import { resolve as resolvePath } from 'node:path'
import type { FlagTable, FlagValues } from './arguments.ts'
import type { Terminal } from './verb.ts'

export const kubeFlags = {
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    help: 'default: env KUBECONFIG, else the account of the Pod, else ~/.kube/config',
  },
  context: { type: 'string', value: 'CONTEXT', help: 'of the kubeconfig; default its current one' },
} as const satisfies FlagTable

/** How a cluster is asked. */
export interface KubeOptions extends Pick<ClientOptions, 'deadlineMs' | 'isPatient'> {
  /** Whom to act as; default: nobody else. */
  readonly impersonate?: Impersonation | undefined
}

/** Opens a client for the cluster that the flags name; nothing is asked yet. Throws `StartupError` (78) when there is none. */
export const openKube = async (
  { kubeconfig, context }: FlagValues<typeof kubeFlags>,
  { cwd, env }: Pick<Terminal, 'cwd' | 'env'>,
  { impersonate, ...options }: KubeOptions = {},
): Promise<KubeClient> => {
  // Whoever only has the flags, as a waypoint does, needs no client on its main thread.
  const [{ connectKube }, { createKubeClient }] = await Promise.all([
    import('../kube/connect.ts'),
    import('../kube/client.ts'),
  ])
  const file = kubeconfig === undefined ? undefined : resolvePath(cwd, kubeconfig)
  const connected = await connectKube({ kubeconfig: file, context, env, impersonate })
  if (!connected.ok) throw new StartupError('EKUBE', connected.message)
  return createKubeClient(connected.connection, { env: { ...env }, ...options })
}
