/**
 * A Kubernetes API server for tests: the real one where KUBEBUILDER_ASSETS names a folder with `kube-apiserver` and
 * `etcd` and FAIRWAY_KUBE asks for it, else a stand-in. What a test does with either is the same.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackendCa } from '../tls/backend-ca.ts'
import { createAsk, type Ask } from './ask.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { startRealServer } from './real/real-server.ts'
import type { ServerControl, ServerFiles } from './server-control.ts'
import { startStandIn } from './stand-in/stand-in-server.ts'

export interface KubeServerOptions {
  /** Default: by FAIRWAY_KUBE, which is `real` or `stand-in`; the latter without it. */
  readonly kind?: 'real' | 'stand-in'
  /** Whether what nobody owns any more goes, as kube-controller-manager sees to it. Default: no. */
  readonly collectsGarbage?: boolean
}

export interface KubeServer extends AsyncDisposable, Omit<ServerControl, 'close'> {
  readonly kind: 'real' | 'stand-in'
  /** A folder that goes with the server. */
  readonly dir: string
  readonly caPem: string
  /** Of `admin`, who may do everything. */
  readonly adminToken: string
  /** Path of a kubeconfig of `admin`. */
  readonly kubeconfig: string
  /** Path of a kubeconfig of somebody else, shown by a client certificate: only what RBAC gives him. */
  readonly kubeconfigOf: (user: string) => string
  /** Path of a kubeconfig with a token, as that of a service account. */
  readonly kubeconfigWith: (token: string) => string
  /** Sends requests as `admin`, or as whoever has the token. */
  readonly ask: Ask
}

/** Starts a server and waits until it answers. */
export const startKubeServer = async (options: KubeServerOptions = {}): Promise<KubeServer> => {
  const kind = options.kind ?? (process.env['FAIRWAY_KUBE'] === 'real' ? 'real' : 'stand-in')
  const dir = mkdtempSync(join(tmpdir(), 'fairway-kube-'))
  const ca = createBackendCa('kubernetes')
  const { cert, key } = ca.issue(['127.0.0.1', 'localhost', 'kubernetes.default.svc'])
  const adminToken = 'admin-of-this-test'
  const { collectsGarbage = false } = options
  const files: ServerFiles = { dir, ca, cert, key, adminToken, collectsGarbage }
  const server = kind === 'real' ? await startRealServer(files) : await startStandInServer(files)
  const { url } = server
  const at = { url, caPem: ca.pem, dir }
  const ask = createAsk({ url, caPem: ca.pem, token: adminToken })
  writeFileSync(join(dir, 'ca.pem'), ca.pem)
  return {
    ...server,
    kind,
    dir,
    caPem: ca.pem,
    adminToken,
    kubeconfig: writeKubeconfig(at, 'admin', { token: adminToken }),
    kubeconfigOf: (user) =>
      writeKubeconfig(at, user, { certificate: ca.issue([], { commonName: user, purposes: ['clientAuth'] }) }),
    kubeconfigWith: (token) => writeKubeconfig(at, 'token', { token }),
    ask,
    [Symbol.asyncDispose]: async () => {
      ask.close()
      await server.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const startStandInServer = async ({
  ca,
  cert,
  key,
  adminToken,
  collectsGarbage,
}: ServerFiles): Promise<ServerControl> => {
  const standIn = await startStandIn({
    tls: { cert, key, clientCa: ca.pem },
    users: [{ name: 'admin', groups: ['system:masters'], token: adminToken }],
    collectsGarbage,
  })
  return {
    url: `https://127.0.0.1:${standIn.port}`,
    collectsGarbage,
    stop: standIn.stop,
    start: standIn.start,
    cut: standIn.cut,
    compact: async () => {
      standIn.api.store.compact()
      standIn.cut()
      return Promise.resolve()
    },
    standIn,
    close: standIn.stop,
  }
}
