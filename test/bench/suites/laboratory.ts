import type { BackendCounts, BackendPlan, FromBackend, ToBackend } from '../backend/plan.ts'
import type { FromLoad, LoadPlan, LoadResult, ToLoad } from '../load/plan.ts'
import { nextMessage } from '../support/children.ts'
import type { Child, Children } from '../support/children.ts'
import { meterCpu, processTree } from '../support/process-stats.ts'

/** Slack for the answers of our own processes. */
const GRACE_MS = 20_000

/** One measured window. */
export interface Run extends LoadResult {
  readonly requestsPerSecond: number
  readonly cpuMicrosPerRequest: number
  /** CPU time of what was measured over the window's length: near 1 it was the bottleneck. */
  readonly proxyBusy: number
  /** Connections or tunnels at the destinations whose first request lacked the header that the route adds. */
  readonly withoutHeader: number
}

/** The two processes around what is measured: the load generator and the destinations. */
export interface Laboratory {
  readonly backendPid: number
  /** Runs `plan` and accounts the CPU time of `pid` and its descendants; throws when a request failed. */
  readonly measure: (plan: LoadPlan, pid: number) => Promise<Run>
  /** The same for a plan of which requests may fail: they are in the run's `errors`. */
  readonly observe: (plan: LoadPlan, pid: number) => Promise<Run>
  /** Opens the plan's lanes, each with one request if wanted, and keeps them idle until they are released. */
  readonly hold: (plan: LoadPlan, hasRequest: boolean) => Promise<Held>
  /** Opens the lanes of all these plans, and lets them be busy in turn. */
  readonly openTurns: (plans: readonly LoadPlan[]) => Promise<Turns>
  readonly stop: () => Promise<void>
}

/** Lanes of several plans that are open at once. */
export interface Turns {
  /** Keeps those of one plan busy for so long, and waits until they rest; how many requests were answered. Throws when one failed. */
  readonly take: (index: number, ms: number) => Promise<number>
  /** Closes them. */
  readonly release: () => Promise<void>
}

/** Lanes that are open and idle. */
export interface Held {
  /** Closes them; throws when some were lost before. */
  readonly release: () => Promise<void>
}

/** Starts generator and destinations, with these flags for Node; they live until they or `children` are stopped. */
export const createLaboratory = async (
  children: Children,
  backend: BackendPlan,
  nodeFlags: readonly string[] = [],
): Promise<Laboratory> => {
  const load = children.fork(new URL('../load/main.ts', import.meta.url), nodeFlags)
  const destinations = children.fork(new URL('../backend/main.ts', import.meta.url), nodeFlags)
  await Promise.all([
    nextMessage<FromLoad>(load, 'up', GRACE_MS),
    nextMessage<FromBackend>(destinations, 'up', GRACE_MS),
  ])
  tellBackend(destinations, { kind: 'listen', plan: backend })
  await nextMessage<FromBackend>(destinations, 'listening', GRACE_MS)
  const observe = async (plan: LoadPlan, pid: number): Promise<Run> => {
    await takeCounts(destinations)
    const { result, cpuMicros } = await runPlan(load, plan, pid)
    const { requests, withoutHeader } = await takeCounts(destinations)
    if (plan.isAnsweredHere !== true && requests < result.requests)
      throw new Error(`${result.requests} answers, but ${requests} requests arrived`)
    if (plan.isAnsweredHere === true && requests * 10 > result.requests)
      throw new Error(
        `${result.requests} answers, and ${requests} requests arrived that should have been answered before`,
      )
    if (result.requests === 0)
      throw new Error(`no request was answered: ${result.firstError ?? 'none was finished in the window'}`)
    return {
      ...result,
      withoutHeader,
      requestsPerSecond: (result.requests / result.windowMs) * 1000,
      cpuMicrosPerRequest: cpuMicros / result.requests,
      proxyBusy: cpuMicros / 1000 / result.windowMs,
    }
  }
  return {
    backendPid: destinations.pid,
    observe,
    measure: async (plan, pid) => {
      const run = await observe(plan, pid)
      if (run.errors > 0) throw new Error(`${run.errors} requests failed: ${run.firstError}`)
      return run
    },
    hold: (plan, hasRequest) => holdLanes(load, plan, hasRequest),
    openTurns: (plans) => openTurns(load, plans),
    stop: async () => {
      await Promise.all([load.stop(), destinations.stop()])
    },
  }
}

const holdLanes = async (load: Child, plan: LoadPlan, hasRequest: boolean): Promise<Held> => {
  tellLoad(load, { kind: 'hold', plan, hasRequest })
  await nextMessage<FromLoad>(load, 'held', 2 * GRACE_MS)
  return { release: () => releaseLanes(load) }
}

const releaseLanes = async (load: Child): Promise<void> => {
  const idle = nextMessage<FromLoad>(load, 'idle', GRACE_MS)
  const released = nextMessage<FromLoad>(load, 'released', GRACE_MS)
  tellLoad(load, { kind: 'release' })
  const [answer] = await Promise.all([released, idle])
  if (answer.kind === 'released' && answer.lost > 0) {
    throw new Error(`${answer.lost} idle lanes were lost: ${answer.firstError}`)
  }
}

const openTurns = async (load: Child, plans: readonly LoadPlan[]): Promise<Turns> => {
  tellLoad(load, { kind: 'open', plans })
  await nextMessage<FromLoad>(load, 'held', 2 * GRACE_MS)
  return {
    take: async (index, ms) => {
      const turned = nextMessage<FromLoad>(load, 'turned', ms + 2 * GRACE_MS)
      tellLoad(load, { kind: 'turn', index, ms })
      const answer = await turned
      if (answer.kind !== 'turned') throw new Error(`${answer.kind} instead of turned`)
      const { requests, errors, firstError } = answer.turn
      if (errors > 0) throw new Error(`${errors} requests failed: ${firstError}`)
      return requests
    },
    release: () => releaseLanes(load),
  }
}

const tellLoad = (load: Child, order: ToLoad): void => {
  load.process.send(order)
}

const runPlan = async (
  load: Child,
  plan: LoadPlan,
  pid: number,
): Promise<{ readonly result: LoadResult; readonly cpuMicros: number }> => {
  const idle = nextMessage<FromLoad>(load, 'idle', plan.warmupMs + plan.windowMs + 3 * GRACE_MS)
  // Awaited below; until then a failure is reported by whichever message is due.
  idle.catch(() => {})
  tellLoad(load, { kind: 'run', plan })
  try {
    await nextMessage<FromLoad>(load, 'began', plan.warmupMs + 2 * GRACE_MS)
    const pids = processTree(pid)
    const cpu = meterCpu(pids)
    const ended = await nextMessage<FromLoad>(load, 'ended', plan.windowMs + GRACE_MS)
    const cpuMicros = cpu()
    if (ended.kind !== 'ended') throw new Error(`${ended.kind} instead of ended`)
    return { result: ended.result, cpuMicros }
  } finally {
    await idle.catch(() => {})
  }
}

const takeCounts = async (destinations: Child): Promise<BackendCounts> => {
  const answer = nextMessage<FromBackend>(destinations, 'counts', GRACE_MS)
  tellBackend(destinations, { kind: 'count' })
  const message = await answer
  return message.kind === 'counts' ? message.counts : { requests: 0, withoutHeader: 0 }
}

const tellBackend = (destinations: Child, order: ToBackend): void => {
  destinations.process.send(order)
}
