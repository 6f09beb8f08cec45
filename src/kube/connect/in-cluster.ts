import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { joinHostPort } from '../../lib/ip.ts'
import { noConnection, noCredentials, type ConnectResult } from './connection.ts'
import { createFreshFile, readText } from './fresh-file.ts'

/** Where Kubernetes puts the account of a Pod. */
export const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

export interface InClusterOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** Default: `accountFolder`. */
  readonly folder?: string | undefined
}

/** Connects as the account of the Pod that we run in: token, CA and namespace from files, each read again when it may have changed. */
export const connectInCluster = async (options: InClusterOptions): Promise<ConnectResult> => {
  const { env, clock, folder = accountFolder } = options
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (host === undefined || host === '') {
    return noConnection('KUBERNETES_SERVICE_HOST is not set: this process runs in no Pod')
  }
  const namespace = await readText(join(folder, 'namespace'))
  const token = createFreshFile(join(folder, 'token'), clock)
  const ca = createFreshFile(join(folder, 'ca.crt'), clock)
  const first = await token(false)
  if (!first.ok) return noConnection(`${first.message}: does the Pod mount the token of its account?`)
  return {
    ok: true,
    connection: {
      server: `https://${joinHostPort(host, Number(port))}`,
      source: 'in-cluster',
      namespace: namespace.ok ? namespace.text : 'default',
      isInsecure: false,
      credentials: async (isRefused) => {
        const [shown, signer] = [await token(isRefused), await ca(isRefused)]
        if (!shown.ok) return noCredentials(shown.message)
        if (!signer.ok) return noCredentials(signer.message)
        return { ok: true, value: { authorization: `Bearer ${shown.text}`, ca: signer.text } }
      },
    },
  }
}
