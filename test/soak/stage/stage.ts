/** Everything that a soak needs, started in order and ended together: certificates, pods, a waypoint, clients. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackendPlan } from '../../bench/backend/plan.ts'
import type { TlsFiles } from '../../bench/load/plan.ts'
import { createChildren } from '../../bench/support/children.ts'
import { startFairway } from '../../e2e/support/fairway-process.ts'
import type { RunningFairway } from '../../e2e/support/fairway-process.ts'
import { foundCa, issueTo, replaceFile, writeCertificates } from '../../e2e/support/mesh-certificates.ts'
import { NAMESPACE } from '../../e2e/support/objects.ts'
import type { ClientPlan } from '../client/plan.ts'
import type { SoakOptions } from '../options.ts'
import { startClients } from './clients.ts'
import type { Clients } from './clients.ts'
import { APPLICATION_PORT, formatEndpoints, formatRoutes, isRestarted } from './configuration.ts'
import { podAddresses, POD_ACCOUNT, vipOf } from './configuration.ts'
import { startPods } from './pods.ts'
import type { Pods } from './pods.ts'
import { soakServices } from './workloads.ts'

const HBONE_PORT = 15_008
const HTTPS_PORT = 9443
/** So short that a rotation that fails is noticed. */
const WAYPOINT_TTL_MS = 300_000
/** Clients are asked to move so soon that a new worker has its share again before the next one is killed. */
const CONNECTION_AGE = '2m'
const SPARE_MS = 3_600_000

/** Of a soak as far as its surroundings go. */
export interface StageOptions extends Pick<SoakOptions, 'durationMs' | 'ratePerSecond' | 'workers'> {
  /** Further ones of the waypoint. */
  readonly flags?: readonly string[]
}

export interface Stage extends AsyncDisposable {
  readonly fairway: RunningFairway
  readonly hbonePort: number
  /** The clients' certificate. */
  readonly clientTls: TlsFiles
  /** Starts another waypoint of the same configuration. */
  readonly startWaypoint: () => Promise<RunningFairway>
  readonly clients: Clients
  /** Puts reload `generation` in place. */
  readonly putRoutes: (generation: number) => void
  /** Puts turn `turn` of the churn in place; `isComplete`: with those pods that are restarted. */
  readonly putEndpoints: (turn: number, isComplete: boolean) => void
  /** A new certificate for the waypoint. */
  readonly rotate: () => Promise<void>
  /** Ends the pods that are restarted, and starts them again. */
  readonly restartPods: () => Promise<void>
  /** Tunnels whose first request lacked the header that each route adds. */
  readonly withoutHeader: () => Promise<number>
}

/** Starts all of it; all tunnels are open then. */
export const openStage = async (options: StageOptions): Promise<Stage> => {
  await using opening = new AsyncDisposableStack()
  const dir = mkdtempSync(join(tmpdir(), 'fairway-soak-'))
  opening.defer(() => rmSync(dir, { recursive: true, force: true }))
  const children = createChildren({ isPinned: false })
  opening.defer(() => children.stopAll())
  const waypoints: RunningFairway[] = []
  // Also where an error ends this process.
  process.once('exit', () => {
    children.killAll()
    for (const waypoint of waypoints) waypoint.kill('SIGKILL')
  })
  const ca = await foundCa(dir)
  const ttlMs = options.durationMs + SPARE_MS
  const issue = async (account: string, lifeMs: number): Promise<string> =>
    writeCertificates(join(dir, account), await issueTo(ca, `${NAMESPACE}/${account}`, { ttlMs: lifeMs }))
  const podFiles = filesIn(await issue(POD_ACCOUNT, ttlMs))
  const network = `127.3.${process.pid % 256}`
  const startSome = (isMoving: boolean): Promise<Pods> =>
    startPods(
      children,
      podPlans(network, (address) => isRestarted(network, address) === isMoving, podFiles),
    )
  const lasting = await startSome(false)
  let moving = await startSome(true)
  let missing = 0
  const files = { routes: join(dir, 'routes.yaml'), endpoints: join(dir, 'endpoints.yaml') }
  const putRoutes = (generation: number): void => replaceFile(files.routes, formatRoutes(generation))
  const putEndpoints = (turn: number, isComplete: boolean): void =>
    replaceFile(
      files.endpoints,
      formatEndpoints(network, turn, (address) => isComplete || !isRestarted(network, address)),
    )
  putRoutes(1)
  putEndpoints(0, true)
  const certs = await issue('waypoint', WAYPOINT_TTL_MS)
  const { workers, flags: more = [] } = options
  const flags = ['--max-connection-age', CONNECTION_AGE, ...more]
  const start = async (): Promise<RunningFairway> => {
    const waypoint = await startFairway({ files: Object.values(files), certs, workers, flags })
    waypoints.push(waypoint)
    return waypoint
  }
  const fairway = opening.use(await start())
  const hbonePort = hbonePortOf(fairway)
  const clients = await startClients(children)
  const clientTls = filesIn(await issue('client', ttlMs))
  await clients.open(clientPlan(options, { port: hbonePort, tls: clientTls }))
  const all = opening.move()
  return {
    ...{ fairway, hbonePort, clients, clientTls, putRoutes, putEndpoints },
    startWaypoint: async () => all.use(await start()),
    rotate: async () => void (await issue('waypoint', WAYPOINT_TTL_MS)),
    restartPods: async () => {
      missing += (await moving.counts()).withoutHeader
      await moving.stop()
      moving = await startSome(true)
    },
    withoutHeader: async () => {
      const counts = await Promise.all([lasting.counts(), moving.counts()])
      return (missing += counts.reduce((sum, { withoutHeader }) => sum + withoutHeader, 0))
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** Where a waypoint listens. */
export const hbonePortOf = ({ addresses }: RunningFairway): number => Number(addresses.hbone.split(':').at(-1))

const filesIn = (dir: string): TlsFiles => ({
  certFile: join(dir, 'cert-chain.pem'),
  keyFile: join(dir, 'key.pem'),
  caFile: join(dir, 'root-cert.pem'),
})

const podPlans = (network: string, isOurs: (address: string) => boolean, tls: TlsFiles): readonly BackendPlan[] =>
  soakServices.map(({ serves, answerBytes }, index) => ({
    ...{ serves, tls, bodyBytes: answerBytes },
    addresses: podAddresses(network, index).filter(isOurs),
    ...{ hbonePort: HBONE_PORT, httpPort: APPLICATION_PORT, httpsPort: HTTPS_PORT },
  }))

const clientPlan = (
  { ratePerSecond }: StageOptions,
  { port, tls }: { readonly port: number; readonly tls: TlsFiles },
): ClientPlan => ({
  host: '127.0.0.1',
  ...{ port, tls },
  workloads: soakServices.map((service, i) => ({
    ...service,
    authority: `${vipOf(i)}:80`,
    ratePerSecond: ratePerSecond * service.share,
  })),
})
