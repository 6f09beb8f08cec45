/** A Service `api` of pod processes behind a waypoint, and whatever happens to them. */
import { join } from 'node:path'
import type { TlsFiles } from '../../../bench/load/plan.ts'
import type { DevCa } from '../../../../src/identity/ca/dev-ca.ts'
import { eventually } from '../eventually.ts'
import type { LogLine, RunningFairway } from '../fairway-process.ts'
import { createMesh, type Mesh } from '../mesh.ts'
import { issueTo, tlsFilesIn, writeCertificates } from '../mesh-certificates.ts'
import { gateway, service, type EndpointSpec } from '../objects.ts'
import type { PodPlan } from './pod-plan.ts'
import { startPodProcess, type PodProcess } from './pod-process.ts'
import { startSteadyLoad, type SteadyLoad, type SteadyLoadOptions } from './steady-load.ts'

export const API_PORT = 9080
const HBONE_PORT = 15_008
const VIP = '10.96.0.10'
export const API = `${VIP}:80`

export interface PodSpec extends Partial<Omit<PodPlan, 'tls' | 'port'>> {
  readonly name: string
  readonly address: string
  /** Default: `shop/api`. */
  readonly who?: string
  /** Default: `hbone`. */
  readonly transport?: 'hbone' | 'plain'
  /** Network namespace; default: ours. */
  readonly namespace?: string
}

export interface Fleet extends AsyncDisposable {
  readonly mesh: Mesh
  /** The files of `shop/client`. */
  readonly tls: TlsFiles
  /** Starts a pod and waits until it listens. */
  readonly startPod: (spec: PodSpec) => Promise<PodProcess>
  /** Writes the configuration: `api` with these endpoints, and whatever else there is. */
  readonly put: (endpoints: readonly EndpointSpec[], others?: readonly object[]) => void
  readonly startFairway: Mesh['startFairway']
  readonly startLoad: (fairway: RunningFairway, shape: LoadShape) => Promise<SteadyLoad>
}

export type LoadShape = Omit<SteadyLoadOptions, 'waypoint' | 'authority' | 'tls'>

/** The endpoint of a pod, as the EndpointSlice has it. */
export const endpointOf = ({
  name,
  address,
  transport = 'hbone',
}: Pick<PodSpec, 'name' | 'address' | 'transport'>): EndpointSpec => ({
  address,
  transport,
  port: API_PORT,
  pod: name,
})

/** Makes a mesh without pods; `put` before `startFairway`. */
export const createFleet = async (existingCa?: DevCa): Promise<Fleet> => {
  const open = new AsyncDisposableStack()
  const mesh = open.use(await createMesh([gateway], existingCa))
  const clientDir = writeCertificates(join(mesh.dir, 'client'), await issueTo(mesh.ca, 'shop/client'))
  const tls = tlsFilesIn(clientDir)
  return {
    mesh,
    tls,
    startPod: async ({ who = 'shop/api', transport = 'hbone', namespace, ...spec }) => {
      if (transport === 'plain') return open.use(await startPodProcess({ port: API_PORT, ...spec }, namespace))
      const { certificateChainPem: cert, privateKeyPem: key, trustRootsPem: ca } = await issueTo(mesh.ca, who)
      return open.use(await startPodProcess({ port: HBONE_PORT, tls: { cert, key, ca }, ...spec }, namespace))
    },
    put: (endpoints, others = []) => mesh.write([gateway, ...service({ name: 'api', vip: VIP, endpoints }), ...others]),
    startFairway: mesh.startFairway,
    startLoad: async ({ addresses }, shape) => {
      const load = await startSteadyLoad({ waypoint: addresses.hbone, authority: API, tls, ...shape })
      // A test that fails does not stop it, and would never end.
      let isStopped = false
      open.defer(async () => {
        if (!isStopped) await load.stop(0)
      })
      return {
        ...load,
        stop: (waitMs) => {
          isStopped = true
          return load.stop(waitMs)
        },
      }
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/**
 * When the log said something of an endpoint after `afterMs`, once for each of `workers`: when the last of them did. By
 * `Date.now()`.
 */
export const whenLogged = async (
  fairway: RunningFairway,
  what: { readonly address: string; readonly text: string; readonly afterMs: number; readonly workers: number },
  timeoutMs?: number,
): Promise<number> => {
  const { address, text, afterMs, workers } = what
  const timeOf = (line: LogLine): number => Date.parse(String(line['time']))
  const lines = await eventually(
    `the log to say ${text} of ${address}`,
    () => {
      const found = fairway.log().filter((line) => {
        const message = String(line['message'])
        return timeOf(line) >= afterMs && message.includes(`endpoint ${address}:`) && message.includes(text)
      })
      return found.length >= workers && found
    },
    timeoutMs,
  )
  return timeOf(lines[workers - 1] ?? {})
}

/** What the waypoint itself refused: for lack of time (this machine is too busy), and repetitions. */
export const refusalsOf = async (fairway: RunningFairway): Promise<string> => {
  const names = ['fairway_overload_refused_total', 'fairway_retries_refused_total'] as const
  const counts = await Promise.all(names.map((name) => fairway.metric(name)))
  return `${counts[0]} for lack of time, ${counts[1]} repetitions`
}

/** The states of the endpoints of `api`, as the admin API has them. */
export const statesOf = async (fairway: RunningFairway): Promise<readonly string[]> => {
  // What the admin API documents.
  const { endpoints } = (await fairway.admin('/endpoints?service=shop/api')) as {
    readonly endpoints: readonly { readonly state: string }[]
  }
  return endpoints.map(({ state }) => state)
}
