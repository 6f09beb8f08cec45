/** kube-apiserver and etcd as processes of their own, started as controller-runtime's envtest does. */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, startPeer, type PeerProcess } from '../../peer-process.ts'
import type { ServerControl, ServerFiles } from '../server-control.ts'
import { writeKubeconfig } from '../kubeconfig.ts'
import { startRelay } from '../relay.ts'
import { compactEtcd } from './etcd.ts'
import { waitUntilReady } from './readiness.ts'

const PROGRAMS = ['kube-apiserver', 'etcd'] as const

/** Why there is no real server; `undefined` when there is one. */
export const whyNoRealServer = (): string | undefined => {
  const folder = process.env['KUBEBUILDER_ASSETS']
  if (folder === undefined || folder === '') return 'KUBEBUILDER_ASSETS names no folder with kube-apiserver and etcd'
  const missing = PROGRAMS.find((program) => !existsSync(join(folder, program)))
  return missing === undefined ? undefined : `${folder}, which KUBEBUILDER_ASSETS names, has no ${missing}`
}

/** Starts etcd and kube-apiserver, RBAC on; with kube-controller-manager as well, where there is one, to collect garbage. */
export const startRealServer = async (files: ServerFiles): Promise<ServerControl> => {
  const problem = whyNoRealServer()
  if (problem !== undefined) throw new Error(problem)
  const folder = process.env['KUBEBUILDER_ASSETS'] ?? ''
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()]
  await using failed = new AsyncDisposableStack()
  const own = (process: PeerProcess): void => failed.defer(() => end(process))
  own(await startPeer(join(folder, 'etcd'), etcdArguments(files.dir, etcdPort, peerPort), etcdPort))
  const args = [...serverArguments(writeFiles(files), { etcdPort, port }), ...gatesFor(join(folder, 'etcd'))]
  const startServer = async (): Promise<PeerProcess> => {
    const started = await startPeer(join(folder, 'kube-apiserver'), args, port, slowStart)
    await waitUntilReady(started, port, files)
    return started
  }
  let server = await startServer()
  failed.defer(() => end(server))
  const relay = await startRelay(port)
  const url = `https://127.0.0.1:${relay.port}`
  const managed = files.collectsGarbage && existsSync(join(folder, 'kube-controller-manager'))
  if (managed) own(await startManager(folder, files, url))
  const processes = failed.move()
  const stop = async (): Promise<void> => {
    await relay.close()
    await end(server)
  }
  const start = async (): Promise<void> => {
    server = await startServer()
    await relay.open()
  }
  return {
    url,
    collectsGarbage: managed,
    stop,
    start,
    cut: relay.cut,
    compact: async () => {
      await stop()
      await compactEtcd(etcdPort)
      await start()
    },
    standIn: undefined,
    close: async () => {
      await relay.close()
      await processes.disposeAsync()
    },
  }
}

const end = async (process: PeerProcess): Promise<void> => {
  process[Symbol.dispose]()
  if (!process.hasEnded()) await process.ended
}

const slowStart = { timeoutMs: 60_000 }

const etcdArguments = (dir: string, clientPort: number, peerPort: number): readonly string[] => {
  const client = `http://127.0.0.1:${clientPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  return [
    ...['--data-dir', join(dir, 'etcd'), '--log-level', 'error'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
  ]
}

interface Paths {
  readonly dir: string
  readonly cert: string
  readonly key: string
  readonly ca: string
  readonly tokens: string
  readonly accountKey: string
  readonly accountPublicKey: string
}

const writeFiles = ({ dir, ca, cert, key, adminToken }: ServerFiles): Paths => {
  const folder = join(dir, 'server')
  mkdirSync(folder)
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const accounts = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    dir: folder,
    cert: write('tls.crt', cert),
    key: write('tls.key', key),
    ca: write('ca.crt', ca.pem),
    tokens: write('tokens.csv', `${adminToken},admin,admin,system:masters\n`),
    accountKey: write('accounts.key', accounts.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    accountPublicKey: write('accounts.pub', accounts.publicKey.export({ type: 'spki', format: 'pem' })),
  }
}

const serverArguments = (
  paths: Paths,
  { etcdPort, port }: { readonly etcdPort: number; readonly port: number },
): readonly string[] => [
  `--etcd-servers=http://127.0.0.1:${etcdPort}`,
  `--secure-port=${port}`,
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  '--endpoint-reconciler-type=none',
  `--cert-dir=${paths.dir}`,
  `--tls-cert-file=${paths.cert}`,
  `--tls-private-key-file=${paths.key}`,
  `--client-ca-file=${paths.ca}`,
  `--token-auth-file=${paths.tokens}`,
  `--service-account-key-file=${paths.accountPublicKey}`,
  `--service-account-signing-key-file=${paths.accountKey}`,
  '--service-account-issuer=https://kubernetes.default.svc',
  '--service-cluster-ip-range=10.96.0.0/16',
  '--authorization-mode=RBAC',
  // A pod would wait for a controller that makes its account.
  '--disable-admission-plugins=ServiceAccount',
  '--allow-privileged=true',
  '--profiling=false',
  '--v=0',
]

/**
 * Reading through the watch cache takes an etcd that tells how far a watch is: 3.4.25, or 3.5.8. Debian's is older, and
 * kube-apiserver does not find out.
 */
const gatesFor = (etcd: string): readonly string[] => {
  const [, minor = '', patch = ''] =
    /etcd Version: 3\.(\d+)\.(\d+)/.exec(execFileSync(etcd, ['--version'], { encoding: 'utf8' })) ?? []
  const oldest = { '4': 25, '5': 8 }[minor] ?? 0
  return Number(patch) >= oldest ? [] : ['--feature-gates=WatchList=false']
}

/** Only what collects garbage of it, so that nothing else changes objects. */
const startManager = async (
  folder: string,
  { dir, ca, adminToken }: ServerFiles,
  url: string,
): Promise<PeerProcess> => {
  const kubeconfig = writeKubeconfig({ url, caPem: ca.pem, dir }, 'admin', { token: adminToken })
  const port = await freePort()
  const args = [
    `--kubeconfig=${kubeconfig}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    `--cert-dir=${join(dir, 'manager')}`,
    '--controllers=garbage-collector-controller,namespace-controller',
    '--leader-elect=false',
    '--v=0',
  ]
  return startPeer(join(folder, 'kube-controller-manager'), args, port, slowStart)
}
