/** From flags and environment to a connection to a Kubernetes API server, as kubectl and client-go find theirs. */
import { existsSync } from 'node:fs'
import { delimiter, join, resolve as resolvePath } from 'node:path'
import { systemClock, type Clock } from '../lib/clock.ts'
import {
  noConnection,
  noCredentials,
  type ConnectResult,
  type Impersonation,
  type KubeCredentials,
} from './connect/connection.ts'
import { createFreshFile } from './connect/fresh-file.ts'
import { accountFolder, connectInCluster } from './connect/in-cluster.ts'
import type { KubeconfigContext } from './connect/kubeconfig.ts'

export interface ConnectOptions {
  /** A kubeconfig file (`--kubeconfig`). */
  readonly kubeconfig?: string | undefined
  /** A context of it (`--context`). */
  readonly context?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Whom to act as; wins over what the kubeconfig says. */
  readonly impersonate?: Impersonation | undefined
  /** Where the account of the Pod is; default: where Kubernetes puts it. */
  readonly accountFolder?: string | undefined
}

/**
 * Finds the API server: the kubeconfig that is named, else the files of `KUBECONFIG`, else the account of the Pod that we
 * run in, else `~/.kube/config`. Nothing is sent yet.
 */
export const connectKube = async (options: ConnectOptions): Promise<ConnectResult> => {
  const found = await findConnection(options)
  const { impersonate } = options
  return found.ok && impersonate !== undefined ? { ok: true, connection: { ...found.connection, impersonate } } : found
}

const findConnection = (options: ConnectOptions): Promise<ConnectResult> | ConnectResult => {
  const { kubeconfig, context, env, clock = systemClock, accountFolder: folder = accountFolder } = options
  const { KUBECONFIG = '', KUBERNETES_SERVICE_HOST = '', HOME = '' } = env
  if (kubeconfig !== undefined) return connectByFiles([kubeconfig], { context, env, clock })
  if (KUBECONFIG !== '') {
    return connectByFiles(listedFiles(KUBECONFIG), { context, env, clock })
  }
  const home = join(HOME, '.kube', 'config')
  const isInPod = KUBERNETES_SERVICE_HOST !== '' && existsSync(join(folder, 'token'))
  if (isInPod && context === undefined) return connectInCluster({ env, clock, folder })
  if (existsSync(home)) return connectByFiles([home], { context, env, clock })
  return noConnection(
    `no Kubernetes cluster is configured: this process runs in no Pod with an account, KUBECONFIG is not set, and there is no ${home}; name a file with --kubeconfig`,
  )
}

/** The contexts of the kubeconfig that would be read; none where there is no such file, or none that can be read. */
export const readContextNames = async ({
  kubeconfig,
  env,
}: Pick<ConnectOptions, 'kubeconfig' | 'env'>): Promise<readonly string[]> => {
  const { KUBECONFIG = '', HOME = '' } = env
  const listed = KUBECONFIG === '' ? [join(HOME, '.kube', 'config')] : listedFiles(KUBECONFIG)
  const { readContexts } = await import('./connect/kubeconfig.ts')
  return readContexts(kubeconfig === undefined ? listed : [kubeconfig])
}

const listedFiles = (variable: string): readonly string[] => variable.split(delimiter).filter((file) => file !== '')

interface FileOptions {
  readonly context: string | undefined
  readonly env: ConnectOptions['env']
  readonly clock: Clock
}

const connectByFiles = async (files: readonly string[], options: FileOptions): Promise<ConnectResult> => {
  // In a Pod there is no YAML to read.
  const { readKubeconfig } = await import('./connect/kubeconfig.ts')
  const read = await readKubeconfig(files, options.context)
  if (!read.ok) return noConnection(read.message)
  const { name, namespace, cluster, user } = read.context
  const source = `${files.join(', ')} context ${name}`
  const refusal = refuseContext(read.context)
  if (refusal !== undefined) return noConnection(`${source}: ${refusal}`)
  return {
    ok: true,
    connection: {
      server: cluster.value.server.replace(/\/+$/, ''),
      source,
      namespace,
      serverName: cluster.value['tls-server-name'],
      isInsecure: cluster.value['insecure-skip-tls-verify'],
      proxyUrl: cluster.value['proxy-url'],
      impersonate:
        user.value.as === undefined ? undefined : { user: user.value.as, groups: user.value['as-groups'] ?? [] },
      credentials: await createCredentials(read.context, options),
    },
  }
}

/** What would be wrong to pass over: it asks for another account, or less trust, than we would show. */
const refuseContext = ({ cluster, user }: KubeconfigContext): string | undefined => {
  const { server } = cluster.value
  const proxyUrl = cluster.value['proxy-url']
  if (!URL.canParse(server) || !/^https?:/.test(server))
    return `server ${JSON.stringify(server)} is no http or https URL`
  // It stands in messages, and credentials have fields of their own.
  if (new URL(server).username !== '' || new URL(server).password !== '')
    return 'server has a name or password in its URL: put them into the fields of the user'
  if (proxyUrl !== undefined && !/^https?:\/\//.test(proxyUrl))
    return 'proxy-url is not supported but for http and https'
  const hasCa = (cluster.value['certificate-authority-data'] ?? cluster.value['certificate-authority'] ?? '') !== ''
  // One of them is a mistake, and client-go refuses as well (`transport.TLSConfigFor`): the CA would not be looked at.
  if (cluster.value['insecure-skip-tls-verify'] && hasCa)
    return 'insecure-skip-tls-verify says that anybody is believed to be the server, beside a certificate-authority: take one of them out'
  if (user.value['auth-provider'] !== undefined) {
    return 'auth-provider is no longer supported by Kubernetes: use a credential plugin (exec)'
  }
  if (user.value['as-uid'] !== undefined || user.value['as-user-extra'] !== undefined)
    return 'acting as another user is supported by as and as-groups, not by as-uid and as-user-extra'
  if (user.value.as === undefined && user.value['as-groups'] !== undefined) return 'as-groups needs a user, as'
  return undefined
}

type Read = (isStale: boolean) => Promise<Part>
type Part = { readonly ok: true; readonly text: string | undefined } | { readonly ok: false; readonly message: string }

const createCredentials = async ({ cluster, user }: KubeconfigContext, { env, clock }: FileOptions) => {
  const read = ({ value, folder }: { value: Fields; folder: string }, field: string, inline?: string): Read => {
    if (inline !== undefined) return () => Promise.resolve({ ok: true, text: Buffer.from(inline, 'base64').toString() })
    const file = value[field]
    if (typeof file !== 'string') return () => Promise.resolve({ ok: true, text: undefined })
    return createFreshFile(resolvePath(folder, file), clock)
  }
  const ca = read(cluster, 'certificate-authority', cluster.value['certificate-authority-data'])
  const certificate = read(user, 'client-certificate', user.value['client-certificate-data'])
  const key = read(user, 'client-key', user.value['client-key-data'])
  const tokenFile = read(user, 'tokenFile')
  const { token, username, password, exec } = user.value
  const basic = username === undefined ? undefined : Buffer.from(`${username}:${password ?? ''}`).toString('base64')
  const plugin = exec === undefined ? undefined : await loadPlugin({ exec, folder: user.folder, cluster, env, clock })
  return async (isRefused: boolean) => {
    const [signer, chain, secret, fromFile] = await Promise.all(
      [ca, certificate, key, tokenFile].map((part) => part(isRefused)),
    )
    for (const part of [signer, chain, secret, fromFile]) if (part?.ok === false) return noCredentials(part.message)
    const shown = textOf(fromFile) ?? token
    const written: KubeCredentials = {
      authorization: shown === undefined ? (basic === undefined ? undefined : `Basic ${basic}`) : `Bearer ${shown}`,
      certificate: textOf(chain),
      key: textOf(secret),
      ca: textOf(signer),
    }
    const granted = await plugin?.(isRefused)
    if (granted === undefined) return { ok: true as const, value: written }
    return granted.ok ? { ok: true as const, value: { ...granted.value, ca: written.ca } } : granted
  }
}

type Fields = Readonly<Record<string, unknown>>

const textOf = (part: Part | undefined): string | undefined => (part?.ok === true ? part.text : undefined)

const loadPlugin = async ({
  exec,
  folder,
  cluster,
  env,
  clock,
}: Omit<FileOptions, 'context'> & {
  readonly exec: NonNullable<KubeconfigContext['user']['value']['exec']>
  readonly folder: string
  readonly cluster: KubeconfigContext['cluster']
}) => {
  const { createExecPlugin } = await import('./connect/exec-plugin.ts')
  const { server } = cluster.value
  const info = {
    server,
    'tls-server-name': cluster.value['tls-server-name'],
    'insecure-skip-tls-verify': cluster.value['insecure-skip-tls-verify'],
    'certificate-authority-data': cluster.value['certificate-authority-data'],
    'proxy-url': cluster.value['proxy-url'],
  }
  return createExecPlugin({ config: exec, folder, env, clock, cluster: info })
}
