/**
 * Everything that the demo needs, set up and taken down: the development CA, two pods, a real `fairway run` in a process
 * of its own, and a client with its ztunnel.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDevCa } from '../../identity/ca/dev-ca.ts'
import { clientTlsOptions } from '../../identity/tls.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { stateDir } from '../client-credentials.ts'
import { moveAddresses } from './objects-file.ts'
import type { Pod } from './pod.ts'
import { examplePods, startPods } from './pods.ts'
import { startWaypointProcess, type WaypointProcess } from './waypoint-process.ts'
import { ZtunnelStandIn } from './ztunnel.ts'

/** What the example's objects say, for those who call it. */
export const scene = {
  trustDomain: 'cluster.local',
  namespace: 'demo',
  /** VIP and port of Service `api`. */
  authority: '10.96.0.10:80',
  host: 'api.demo.svc.cluster.local',
  client: formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'demo', serviceAccount: 'client' }),
  services: examplePods.map((pod) => pod.service),
} as const

export interface StageOptions {
  readonly cwd: string
  readonly clock: Clock
  /** Whether the objects are put where people find and edit them (`.fairway/demo`), or away from them. */
  readonly objects: 'editable' | 'temporary'
  /** What people should know while it is set up. */
  readonly onNotice: (text: string) => void
  /** Each line of the waypoint's log. */
  readonly onLog: (line: string) => void
}

export interface Stage {
  readonly pods: readonly Pod[]
  readonly waypoint: WaypointProcess
  readonly ztunnel: ZtunnelStandIn
  /** The file that the waypoint serves. */
  readonly objectsPath: string
  /** Where in it the weights stand, from 1. */
  readonly weightsLine: number
  readonly close: () => Promise<void>
}

/** Sets everything up, or throws `CliError` or `StartupError` and leaves nothing behind. */
export const createStage = async (options: StageOptions): Promise<Stage> => {
  const { cwd, clock } = options
  const cleanups: (() => void | Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
  }
  try {
    const { trustDomain, namespace } = scene
    const ca = await createDevCa({ dir: stateDir(cwd), trustDomain, clock })
    const pods = await startPods({ ca, trustDomain, namespace, onMoved: options.onNotice })
    cleanups.push(() => pods.forEach((pod) => pod.close()))
    const folder = await createFolder(options, cleanups)
    const objectsPath = join(folder, 'objects.yaml')
    const objects = moveAddresses(await readFile(exampleFile, 'utf8'), movesOf(pods))
    await writeFile(objectsPath, objects)
    const waypoint = await startWaypointProcess({ args: runArguments(folder), cwd, clock, onLine: options.onLog })
    cleanups.push(waypoint.stop)
    const ztunnel = new ZtunnelStandIn({
      waypoint: waypoint.hbone,
      tls: clientTlsOptions(await ca.issue(scene.client)),
      authority: scene.authority,
      host: scene.host,
      baggage: `k8s.cluster.name=Kubernetes,k8s.namespace.name=${namespace},k8s.deployment.name=client,service.name=client`,
      clock,
      timeoutMs: 10_000,
    })
    cleanups.push(() => ztunnel.close())
    const timer = setInterval(() => [...pods, ztunnel].forEach((part) => part.tick()), 1000)
    cleanups.push(() => clearInterval(timer))
    return { pods, waypoint, ztunnel, objectsPath, weightsLine: lineOf(objects, /weight:/), close }
  } catch (error) {
    await close()
    throw error
  }
}

const exampleFile = fileURLToPath(new URL('../../../examples/01-canary/objects.yaml', import.meta.url))

const lineOf = (text: string, pattern: RegExp): number =>
  text.slice(0, Math.max(0, text.search(pattern))).split('\n').length

const createFolder = async (
  { cwd, objects }: StageOptions,
  cleanups: (() => void | Promise<void>)[],
): Promise<string> => {
  if (objects === 'temporary') {
    const folder = await mkdtemp(join(tmpdir(), 'fairway-demo-'))
    cleanups.push(() => rm(folder, { recursive: true, force: true }))
    return folder
  }
  const folder = join(stateDir(cwd), 'demo')
  await mkdir(folder, { recursive: true })
  return folder
}

const movesOf = (pods: readonly Pod[]): { readonly from: string; readonly to: string }[] =>
  examplePods.map(({ service, address }) => ({
    from: address,
    to: pods.find((pod) => pod.service === service)?.address ?? address,
  }))

/** One worker, and free ports on loopback only: the demo shall stand in nobody's way. */
const runArguments = (folder: string): readonly string[] => [
  ...['--file', folder, '--ca', 'dev', '--trust-domain', scene.trustDomain, '--bind', '127.0.0.1', '--workers', '1'],
  ...['--hbone-port', '0', '--ready-port', '0', '--metrics-port', '0', '--admin-port', '0', '--access-log', 'off'],
]
