/** A waypoint of its own around some Filters, with a client before it and a backend behind it; set up and taken down. */
import { watch } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createDevCa, type DevCa } from '../../../identity/ca/dev-ca.ts'
import { clientTlsOptions } from '../../../identity/tls.ts'
import type { Credentials } from '../../../identity/credentials.ts'
import type { Clock } from '../../../lib/clock.ts'
import { formatSpiffeId, parseSpiffeId, type SpiffeId } from '../../../model/identity.ts'
import { startWaypointProcess, type WaypointProcess } from '../../demo/waypoint-process.ts'
import { TunnelPool } from '../../hbone-client/tunnel-pool.ts'
import type { HostPort } from '../../host-port.ts'
import type { DevToken } from './claims.ts'
import { DecisionBook } from './decision-book.ts'
import { startEcho } from './echo.ts'
import { startFront, type Front } from './front.ts'
import { isInForce } from './log-words.ts'
import type { DevOutput } from './output.ts'
import { createScene, sceneAuthority, type DevService } from './scene.ts'
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
  /** Whom filters can call. */
  readonly services: readonly DevService[]
  readonly client: SpiffeId
  /** What goes along as a verified token, if anything does. */
  readonly token: DevToken | undefined
  /** `HOST:PORT` of the debugger, if one is wanted. */
  readonly inspect: string | undefined
  /** Further arguments of `fairway run`. */
  readonly runArgs: readonly string[]
  readonly output: DevOutput
  /** Another configuration has taken over. */
  readonly onInForce: () => void
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
    const book = new DecisionBook((decision) => options.output.decision(decision))
    const backend = options.backend ?? (await openEcho(book, cleanups))
    const ca = await createDevCa({ dir: path.join(folder, 'ca'), trustDomain: TRUST_DOMAIN, clock })
    await writeCertificates(ca, path.join(folder, 'certs'))
    const objects = path.join(folder, 'objects.yaml')
    await writeScene(objects, backend, options)
    const waypoint = await startWaypoint({ folder, filtersDir }, book, options)
    cleanups.push(waypoint.stop)
    const rewrite = (): void => {
      writeScene(objects, backend, options).catch((error: unknown) => options.output.problem(error))
    }
    cleanups.push(watchObjects(filtersDir, rewrite))
    const tunnels = openTunnels(waypoint, await ca.issue(options.client), options)
    const timer = setInterval(() => tunnels.tick(), 1000)
    cleanups.push(() => {
      clearInterval(timer)
      tunnels.close()
    })
    const front = await openFront(tunnels, book, options)
    cleanups.push(front.close)
    return { port: front.port, admin: waypoint.admin, ended: waypoint.ended, close }
  } catch (error) {
    await close()
    throw error
  }
}

const openTunnels = (waypoint: WaypointProcess, credentials: Credentials, options: SessionOptions): TunnelPool =>
  new TunnelPool({
    waypoint: waypoint.hbone,
    tls: clientTlsOptions(credentials),
    authority: sceneAuthority,
    baggage: `k8s.namespace.name=${parseSpiffeId(options.client)?.namespace ?? ''},service.name=client`,
    clock: options.clock,
    timeoutMs: 10_000,
  })

const openFront = (
  tunnels: TunnelPool,
  book: DecisionBook,
  { port, clock, token, output }: SessionOptions,
): Promise<Front> =>
  startFront({
    port,
    clock,
    tunnels,
    bearer: token?.token,
    onSent: (id, message) => book.noteSent(id, message),
    onReceived: (id, status, message) => book.noteReceived(id, status, message),
    onFailed: (id, why) => output.failure(book.noteFailed(id), why),
  })

const openEcho = async (book: DecisionBook, cleanups: (() => void)[]): Promise<HostPort> => {
  const echo = await startEcho((id, echoed) => book.noteEchoed(id, echoed))
  cleanups.push(echo.close)
  return echo.address
}

const startWaypoint = (
  { folder, filtersDir }: { readonly folder: string; readonly filtersDir: string },
  book: DecisionBook,
  { cwd, clock, inspect, runArgs, output, onInForce }: SessionOptions,
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
    onLine: (line) => {
      output.log(line)
      if (isInForce(line)) onInForce()
    },
    onAccess: (line) => book.noteLogged(line),
  })

const writeScene = async (
  file: string,
  backend: HostPort,
  { target, inspect, services, token }: SessionOptions,
): Promise<void> => {
  const { filters } = readTarget(target)
  await writeFile(file, createScene(filters, { backend, services, issuer: token, isPatient: inspect !== undefined }))
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
