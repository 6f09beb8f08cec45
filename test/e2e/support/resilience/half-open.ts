/** The packets of one of three pods are dropped under load: nobody closes anything, nobody answers. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Wire } from '../network/wire.ts'
import { createFleet, endpointOf, refusalsOf, whenLogged } from './fleet.ts'
import type { SteadyReport } from './steady-load.ts'

const SETTLE_MS = 500
const LAST_ANSWERS_MS = 300

export interface HalfOpenOptions {
  readonly network: Wire
  readonly workers: number
  readonly ratePerSecond: number
  /** Of the load, together with `tunnels`: enough for all that may have to wait. */
  readonly connections: number
  readonly tunnels: number
  /** Default: `hbone`. */
  readonly transport?: 'hbone' | 'plain'
  readonly objects?: readonly object[]
  /** How long after the ejection packets are still dropped; absent: for ever. */
  readonly downMs?: number
}

export interface HalfOpenReport extends SteadyReport {
  /** From the first lost packet to the ejection in each worker, as the log has it. */
  readonly ejectedMs: number
  readonly ejectedAtMs: number
  /** From the moment packets pass again to the return in each worker. */
  readonly backMs: number | undefined
  readonly refusals: string
}

/** Drops what goes to and from the second of three pods, and heals that again if asked to. */
export const loseHalfWay = async (options: HalfOpenOptions): Promise<HalfOpenReport> => {
  const { network, workers, downMs, transport = 'hbone', objects, ...shape } = options
  await using fleet = await createFleet()
  const specs = network.addresses.slice(0, 3).map((address, index) => ({ name: `api-${index}`, address, transport }))
  await Promise.all(specs.map((spec) => fleet.startPod({ ...spec, namespace: network.namespace })))
  fleet.put(specs.map(endpointOf), objects)
  const fairway = await fleet.startFairway(workers)
  const load = await fleet.startLoad(fairway, shape)
  await delay(SETTLE_MS)
  const address = specs[1]?.address ?? ''
  const droppedMs = Date.now()
  network.lose({ addresses: [address] })
  const ejection = { address, text: 'is ejected', afterMs: droppedMs, workers }
  const ejectedAtMs = await whenLogged(fairway, ejection, 60_000)
  let backMs: number | undefined
  if (downMs !== undefined) {
    await delay(downMs)
    const healedMs = Date.now()
    network.heal()
    const back = { address, text: 'healthy again', afterMs: healedMs, workers }
    backMs = (await whenLogged(fairway, back, 60_000)) - healedMs
  }
  await delay(SETTLE_MS)
  // Those that were only just sent get their answer.
  const report = await load.stop(downMs === undefined ? LAST_ANSWERS_MS : 5000)
  const refusals = await refusalsOf(fairway)
  return { ...report, ejectedMs: ejectedAtMs - droppedMs, ejectedAtMs, backMs, refusals }
}
