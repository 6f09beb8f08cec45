/** One of three pods is killed under load, and comes back. */
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../eventually.ts'
import { createFleet, endpointOf, refusalsOf, whenLogged } from './fleet.ts'
import type { SteadyReport } from './steady-load.ts'

export interface FailoverOptions {
  /** Three addresses of it are used. */
  readonly network: string
  readonly workers: number
  readonly ratePerSecond: number
  /** Between the death of the pod and its return. */
  readonly downMs: number
  /** Beside the Service. */
  readonly objects?: readonly object[]
}

export interface FailoverReport extends SteadyReport {
  /** From the kill to the ejection in each worker, as the log has it. */
  readonly ejectedMs: number
  /** From the moment the pod listens again to its first request. */
  readonly backMs: number
  /** Requests that the pod had, once it was back, in the last second of the load, and all of that second. */
  readonly lastShare: number
  readonly refusals: string
}

const SETTLE_MS = 500

/** Kills the second of three pods with SIGKILL. */
export const failOver = async (options: FailoverOptions): Promise<FailoverReport> => {
  const { network, workers, ratePerSecond, downMs, objects } = options
  await using fleet = await createFleet()
  const specs = [3, 4, 5].map((n) => ({ name: `api-${n}`, address: `${network}.${n}` }))
  const [, victim] = await Promise.all(specs.map((spec) => fleet.startPod(spec)))
  const [, spec] = specs
  if (victim === undefined || spec === undefined) throw new Error('three pods were started')
  fleet.put(specs.map(endpointOf), objects)
  const fairway = await fleet.startFairway(workers)
  const load = await fleet.startLoad(fairway, { ratePerSecond, connections: 16, tunnels: 6 })
  await eventually('requests at the victim', async () => (await victim.counts()).requests > 0)
  await delay(SETTLE_MS)
  const killedMs = Date.now()
  await victim.kill('SIGKILL')
  const ejection = { address: spec.address, text: 'is ejected', afterMs: killedMs, workers }
  const ejectedMs = (await whenLogged(fairway, ejection)) - killedMs
  await delay(Math.max(0, downMs - (Date.now() - killedMs)))
  const again = await fleet.startPod(spec)
  const backMs = (await again.firstRequest) - again.sinceMs
  await delay(SETTLE_MS)
  const before = [load.answers(), (await again.counts()).requests] as const
  await delay(SETTLE_MS)
  const after = [load.answers(), (await again.counts()).requests] as const
  const lastShare = (after[1] - before[1]) / (after[0] - before[0])
  const report = await load.stop()
  return { ...report, ejectedMs, backMs, lastShare, refusals: await refusalsOf(fairway) }
}

/** Kills two of three pods with SIGKILL at once, for good. */
export const loseTwo = async (
  options: Omit<FailoverOptions, 'downMs'>,
): Promise<SteadyReport & { readonly refusals: string }> => {
  const { network, workers, ratePerSecond, objects } = options
  await using fleet = await createFleet()
  const specs = [3, 4, 5].map((n) => ({ name: `api-${n}`, address: `${network}.${n}` }))
  const pods = await Promise.all(specs.map((spec) => fleet.startPod(spec)))
  fleet.put(specs.map(endpointOf), objects)
  const fairway = await fleet.startFairway(workers)
  const load = await fleet.startLoad(fairway, { ratePerSecond, connections: 16, tunnels: 6 })
  await eventually('some requests', () => load.answers() > ratePerSecond)
  await Promise.all(pods.slice(1).map((pod) => pod.kill('SIGKILL')))
  await delay(2000)
  const report = await load.stop()
  return { ...report, refusals: await refusalsOf(fairway) }
}
