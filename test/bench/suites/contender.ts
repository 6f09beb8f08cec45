import type { LoadPlan } from '../load/plan.ts'
import type { RunningProxy } from '../proxies/proxy.ts'
import type { Latency } from '../report.ts'
import type { Laboratory, Run } from './laboratory.ts'
import { planShapeOf } from './mesh-case.ts'

/** One proxy with one number of client connections in one case, and what was measured of it. */
export interface Contender {
  readonly name: string
  /** `undefined`: it could not be started, `why` says why. */
  readonly proxy: Pick<RunningProxy, 'name' | 'version' | 'mode' | 'host' | 'port' | 'pid'> | undefined
  readonly connections: number
  readonly tunnels: number
  readonly runs: Run[]
  paced: { readonly ratePerSecond: number; readonly latencyMs: Latency } | undefined
  /** Since the proxy started; `undefined` until the case is over. */
  peakRssMb: number | undefined
  why: string | undefined
}

/** Takes part as long as nothing went wrong. */
export const isActive = (contender: Contender): boolean => contender.proxy !== undefined && contender.why === undefined

/** Measures one window, and takes the contender out of the case when it fails. */
export const measureContender = async (
  contender: Contender,
  laboratory: Laboratory,
  plan: Omit<LoadPlan, 'mode' | 'host' | 'port' | 'connections' | 'tunnels'>,
): Promise<Run | undefined> => {
  const { proxy, connections, tunnels } = contender
  if (proxy === undefined) return undefined
  const { mode, host, port } = proxy
  try {
    const shape = planShapeOf(plan.work, { connections, tunnels })
    const run = await laboratory.measure({ ...plan, ...shape, mode, host, port }, proxy.pid)
    if (run.withoutHeader > 0 && proxy.name !== 'direct') throw new Error('the route did not add its header')
    return run
  } catch (error) {
    contender.why = `${contender.name}: ${error instanceof Error ? error.message : String(error)}`
    return undefined
  }
}
