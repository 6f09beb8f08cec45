/** What happens to a waypoint in production, all at once and on a schedule. */
import { setTimeout as delay } from 'node:timers/promises'
import { startTicksOf } from '../../bench/support/process-stats.ts'
import { waitFor } from '../../bench/support/wait-for.ts'
import type { SoakOptions } from '../options.ts'
import { peerPortsOf } from './connections-of.ts'
import type { Stage } from './stage.ts'

const RELOAD_MS = 1000
const CHURN_MS = 700
const ROTATE_MS = 60_000
const RESTART_MS = 30_000
/** Between the end of an endpoint's place in its slice and that of its pod. */
const LEAVE_MS = 3000
const READY_DEADLINE_MS = 60_000

/** A worker that was killed. */
export interface Kill {
  readonly pid: number
  /** Since the start of the load. */
  readonly atMs: number
  /** Until the waypoint was ready again, with another one in its place. */
  readonly recoveredMs: number
  readonly connections: number
  /** Answers that its clients had since the metrics were last asked for, by Service: what was counted may be lost. */
  readonly answeredSince: Readonly<Record<string, number>>
}

export interface DisturbanceCounts {
  readonly reloads: number
  readonly churns: number
  readonly rotations: number
  readonly restarts: number
  readonly kills: readonly Kill[]
}

export interface Disturbances {
  readonly counts: () => DisturbanceCounts
  /** Nothing more happens; settles when what is under way is over. */
  readonly stop: () => Promise<DisturbanceCounts>
}

/** Starts them; `onTrouble` hears of what could not be done. */
export const startDisturbances = (
  stage: Stage,
  options: SoakOptions,
  { startedMs, onTrouble }: { readonly startedMs: number; readonly onTrouble: (what: string) => void },
): Disturbances => {
  const done = { reloads: 1, churns: 0, rotations: 0, restarts: 0, kills: [] as Kill[] }
  let isComplete = true
  const stopping = new AbortController()
  const restart = async (): Promise<void> => {
    isComplete = false
    stage.putEndpoints(done.churns, isComplete)
    await delay(LEAVE_MS)
    await stage.restartPods()
    isComplete = true
    done.restarts++
  }
  const loops = [
    every(RELOAD_MS, stopping.signal, () => stage.putRoutes(++done.reloads)),
    every(CHURN_MS, stopping.signal, () => stage.putEndpoints(++done.churns, isComplete)),
    every(ROTATE_MS, stopping.signal, async () => {
      await stage.rotate()
      done.rotations++
    }),
    every(RESTART_MS, stopping.signal, restart),
    every(options.killEveryMs, stopping.signal, async () => {
      done.kills.push(await killWorker(stage, startedMs))
    }),
  ].map((loop) => loop.catch((error: unknown) => onTrouble(error instanceof Error ? error.message : String(error))))
  return {
    counts: () => ({ ...done, kills: [...done.kills] }),
    stop: async () => {
      stopping.abort()
      await Promise.all(loops)
      return done
    },
  }
}

/** Does it again and again, each time that long after it began, until the signal. */
const every = async (intervalMs: number, signal: AbortSignal, act: () => void | Promise<void>): Promise<void> => {
  let nextMs = performance.now() + intervalMs
  for (;;) {
    try {
      await delay(Math.max(0, nextMs - performance.now()), undefined, { signal })
    } catch {
      return
    }
    await act()
    nextMs = Math.max(nextMs + intervalMs, performance.now())
  }
}

/**
 * Kills the youngest worker, so that one lives as long as the soak does and would show what it leaks. It is stopped first:
 * then the connections that it has are known, and with them whose requests may be lost.
 */
const killWorker = async ({ fairway, clients, hbonePort }: Stage, startedMs: number): Promise<Kill> => {
  const pid = fairway.workers().toSorted((a, b) => startTicksOf(b) - startTicksOf(a))[0]
  if (pid === undefined) throw new Error('there is no worker to kill')
  await clients.mark()
  await fairway.metrics()
  const atMs = performance.now() - startedMs
  process.kill(pid, 'SIGSTOP')
  const ports = peerPortsOf(pid, hbonePort)
  const { answeredSince } = await clients.doom(ports)
  const killedMs = performance.now()
  process.kill(pid, 'SIGKILL')
  await waitFor('the waypoint has noticed', READY_DEADLINE_MS, async () => !(await isReady(fairway)) || undefined)
  await waitFor('the waypoint is ready again', READY_DEADLINE_MS, async () => (await isReady(fairway)) || undefined)
  return { pid, atMs, recoveredMs: performance.now() - killedMs, connections: ports.length, answeredSince }
}

const isReady = async (fairway: Stage['fairway']): Promise<boolean> => (await fairway.readiness()).status === 200
