/** A waypoint of its own around some Filters, with a client before it and a backend behind it; set up and taken down. */
import { watch } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createDevCa, type DevCa } from '../../../identity/ca/dev-ca.ts'
import { clientTlsOptions } from '../../../identity/tls.ts'
import type { Clock } from '../../../lib/clock.ts'
import { formatSpiffeId, parseSpiffeId, type SpiffeId } from '../../../model/identity.ts'
import { startWaypointProcess, type WaypointProcess } from '../../demo/waypoint-process.ts'
import { TunnelPool } from '../../hbone-client/tunnel-pool.ts'
import type { HostPort } from '../../host-port.ts'
import { DecisionBook } from './decision-book.ts'
import type { Decision, Message } from './decision.ts'
import { startEcho } from './echo.ts'
import { startFront } from './front.ts'
import { createScene, sceneAuthority } from './scene.ts'
import { readTarget } from './target.ts'

export interface SessionOptions {
  /** Folder or module, absolute. */
  readonly target: string
  /** Where paths of the filters' configurations begin. */
  readonly cwd: string
  readonly clock: Clock
  /** Of the local server; 0 picks a free one. */
  readonly port: number
  /** Default: an echo. */
  readonly backend: HostPort | undefined
  readonly client: SpiffeId
  /** `HOST:PORT` of the debugger, if one is wanted. */
  readonly inspect: string | undefined
  /** Further arguments of `fairway run`. */
  readonly runArgs: readonly string[]
  readonly onDecision: (decision: Decision) => void
  /** A request, if it is known which, got no whole answer. */
  readonly onFailed: (sent: Message | undefined, why: string) => void
  /** Each line of the waypoint's log. */
  readonly onLog: (line: string) => void
  /** What is wrong with the files beside the code. */
  readonly onProblem: (error: unknown) => void
}

/** It runs; requests to its port go through the filters. */
export interface Session {
  readonly port: number
  readonly admin: HostPort
  /** How the waypoint ended, should it end by itself. */
  readonly ended: Promise<string>
  readonly close: () => Promise<void>
}

const TRUST_DOMAIN = 'cluster.local'
const SETTLE_MS = 100

/** Sets everything up, or throws `CliError` or `StartupError` and leaves nothing behind. */
export const startSession = async (options: SessionOptions): Promise<Session> => {
  const { clock } = options
  const cleanups: (() => void | Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
  }
  try {
    const { folder: filtersDir } = readTarget(options.target)
    const folder = await mkdtemp(path.join(tmpdir(), 'fairway-dev-'))
    cleanups.push(() => rm(folder, { recursive: true, force: true }))
    const book = new DecisionBook(options.onDecision)
    const backend = options.backend ?? (await openEcho(book, cleanups))
    const ca = await createDevCa({ dir: path.join(folder, 'ca'), trustDomain: TRUST_DOMAIN, clock })
    await writeCertificates(ca, path.join(folder, 'certs'))
    const objects = path.join(folder, 'objects.yaml')
    await writeScene(objects, backend, options)
    const waypoint = await startWaypoint({ folder, filtersDir }, book, options)
    cleanups.push(waypoint.stop)
    cleanups.push(watchObjects(filtersDir, () => void writeScene(objects, backend, options).catch(options.onProblem)))
    const tunnels = new TunnelPool({
      waypoint: waypoint.hbone,
      tls: clientTlsOptions(await ca.issue(options.client)),
      authority: sceneAuthority,
      baggage: `k8s.namespace.name=${parseSpiffeId(options.client)?.namespace ?? ''},service.name=client`,
      clock,
      timeoutMs: 10_000,
    })
    cleanups.push(() => tunnels.close())
    const timer = setInterval(() => tunnels.tick(), 1000)
    cleanups.push(() => clearInterval(timer))
    const front = await startFront({
      port: options.port,
      clock,
      tunnels,
      onSent: (id, message) => book.noteSent(id, message),
      onReceived: (id, status, message) => book.noteReceived(id, status, message),
      onFailed: (id, why) => options.onFailed(book.noteFailed(id), why),
    })
    cleanups.push(front.close)
    return { port: front.port, admin: waypoint.admin, ended: waypoint.ended, close }
  } catch (error) {
    await close()
    throw error
  }
}

const openEcho = async (book: DecisionBook, cleanups: (() => void)[]): Promise<HostPort> => {
  const echo = await startEcho((id, echoed) => book.noteEchoed(id, echoed))
  cleanups.push(echo.close)
  return echo.address
}

const startWaypoint = (
  { folder, filtersDir }: { readonly folder: string; readonly filtersDir: string },
  book: DecisionBook,
  { cwd, clock, inspect, runArgs, onLog }: SessionOptions,
): Promise<WaypointProcess> =>
  startWaypointProcess({
    cwd,
    clock,
    args: [
      ...['--file', path.join(folder, 'objects.yaml'), '--certs', path.join(folder, 'certs'), '--bind', '127.0.0.1'],
      ...['--hbone-port', '0', '--ready-port', '0', '--metrics-port', '0', '--admin-port', '0', '--workers', '1'],
      ...['--access-log', 'json', '--filters', filtersDir],
      ...runArgs,
    ],
    nodeFlags: inspect === undefined ? [] : [`--inspect=${inspect}`],
    onLine: onLog,
    onAccess: (line) => book.noteLogged(line),
  })

const writeScene = async (file: string, backend: HostPort, { target, inspect }: SessionOptions): Promise<void> => {
  const { filters } = readTarget(target)
  await writeFile(file, createScene(filters, { backend, isPatient: inspect !== undefined }))
}

const writeCertificates = async (ca: DevCa, folder: string): Promise<void> => {
  const identity = formatSpiffeId({ trustDomain: TRUST_DOMAIN, namespace: 'default', serviceAccount: 'waypoint' })
  const { certificateChainPem, privateKeyPem, trustRootsPem } = await ca.issue(identity)
  await mkdir(folder)
  await writeFile(path.join(folder, 'cert-chain.pem'), certificateChainPem)
  await writeFile(path.join(folder, 'key.pem'), privateKeyPem, { mode: 0o600 })
  await writeFile(path.join(folder, 'root-cert.pem'), trustRootsPem)
}

/** Calls `onChange` when YAML in the folder has changed and come to rest; the code is watched by the waypoint itself. */
const watchObjects = (folder: string, onChange: () => void): (() => void) => {
  let timer: NodeJS.Timeout | undefined
  const watcher = watch(folder, (_, name) => {
    if (name === null || !/\.ya?ml$/.test(name)) return
    clearTimeout(timer)
    timer = setTimeout(onChange, SETTLE_MS)
  })
  // A folder that is gone has nothing more to tell.
  watcher.on('error', () => watcher.close())
  return () => {
    clearTimeout(timer)
    watcher.close()
  }
}
