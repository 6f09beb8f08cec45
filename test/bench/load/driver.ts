import { Histogram } from './histogram.ts'
import type { Lane, LaneOwner } from './lane.ts'
import { countLanes } from './plan.ts'
import type { LoadPlan, Timeline } from './plan.ts'

/** How often the open loop looks at its schedule, in milliseconds: what it may add to a latency. */
const TICK_MS = 0.05

/** Keeps the lanes of one run busy and counts what comes back. */
export interface Driver extends LaneOwner {
  /** Settles when all lanes are open; rejects when one cannot be opened. */
  readonly opened: Promise<void>
  readonly start: () => void
  readonly stop: () => void
  /** Sends nothing more until `start` is called again; settles when what is in flight is answered. Of a closed loop. */
  readonly pause: () => Promise<void>
  /** Forgets what was counted so far. */
  readonly resetCounts: () => void
  readonly counts: () => DriverCounts
}

export interface DriverCounts {
  readonly requests: number
  readonly bytes: number
  readonly errors: number
  readonly firstError: string | undefined
  readonly latency: Histogram
  /** If the plan wants it. */
  readonly timeline: Timeline | undefined
}

type State = 'opening' | 'running' | 'pausing' | 'stopped'

/** A closed loop (each lane sends again as soon as it is answered), or an open one when the plan states a rate. */
export const createDriver = (plan: LoadPlan): Driver => {
  const latency = new Histogram()
  const { promise: opened, resolve, reject } = Promise.withResolvers<void>()
  const lanes: Lane[] = []
  const pacer = plan.ratePerSecond === undefined ? undefined : createPacer(plan.ratePerSecond)
  const atMs: number[] = []
  const tookMs: number[] = []
  let state: State = 'opening'
  const laneCount = countLanes(plan)
  let bytes = 0
  let errors = 0
  /** Lanes that are gone stay gone: a window in which fewer work than should is none. */
  let lost = 0
  let firstError: string | undefined
  let inFlight = 0
  let onPaused = (): void => {}
  const fail = (why: string): void => {
    if (state === 'stopped') return
    errors++
    firstError ??= why
  }
  const lose = (why: string): void => {
    if (state === 'stopped') return
    lost++
    firstError ??= why
    if (state === 'opening') reject(new Error(why))
    onPaused() // Whoever waits for its answer waits for nothing.
  }
  const send = (lane: Lane): void => {
    inFlight++
    lane.dueAt = performance.now()
    lane.send()
  }
  return {
    opened,
    onOpen: (lane) => {
      lanes.push(lane)
      if (lanes.length === laneCount) resolve()
    },
    onAnswer: (lane, status, bodyBytes) => {
      inFlight--
      if (state !== 'running' && state !== 'pausing') return
      const took = performance.now() - lane.dueAt
      latency.record(took * 1000)
      if (plan.hasTimeline === true) {
        atMs.push(performance.timeOrigin + lane.dueAt)
        tookMs.push(took)
      }
      if (status !== 200 || bodyBytes !== plan.bodyBytes) fail(`status ${status} with ${bodyBytes} bytes`)
      if (state === 'pausing') {
        if (inFlight === 0) onPaused()
      } else if (pacer === undefined) send(lane)
      else pacer.onFree(lane)
    },
    onBytes: (count) => (bytes += count),
    onLost: lose,
    start: () => {
      state = 'running'
      if (pacer === undefined) lanes.forEach(send)
      else pacer.start(lanes)
    },
    stop: () => {
      state = 'stopped'
      pacer?.stop()
    },
    pause: () =>
      new Promise((settle) => {
        state = 'pausing'
        onPaused = settle
        if (inFlight === 0 || lost > 0) settle()
      }),
    resetCounts: () => {
      latency.reset()
      bytes = errors = atMs.length = tookMs.length = 0
      if (lost === 0) firstError = undefined
    },
    counts: () => ({
      requests: latency.total,
      bytes,
      errors: errors + lost,
      firstError,
      latency,
      timeline: plan.hasTimeline === true ? { atMs, tookMs } : undefined,
    }),
  }
}

interface Pacer {
  readonly start: (lanes: readonly Lane[]) => void
  readonly onFree: (lane: Lane) => void
  readonly stop: () => void
}

/**
 * Sends on a fixed schedule whatever the answers do, so that a stall is seen by every request that was due in it. A
 * request that finds no free lane waits, and its latency counts from when it was due. Between looks at the schedule
 * the thread sleeps in `Atomics.wait`: timers are too coarse, and spinning would take a core from those measured.
 */
const createPacer = (ratePerSecond: number): Pacer => {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const intervalMs = 1000 / ratePerSecond
  const free: Lane[] = []
  let nextDueAt = 0
  let isRunning = false
  const sendDue = (): void => {
    const now = performance.now()
    while (nextDueAt <= now) {
      const lane = free.pop()
      if (lane === undefined) return
      lane.dueAt = nextDueAt
      nextDueAt += intervalMs
      lane.send()
    }
  }
  const tick = (): void => {
    if (!isRunning) return
    sendDue()
    // Behind the flush of what was just sent, which is in the same queue.
    setImmediate(pause)
  }
  const pause = (): void => {
    Atomics.wait(cell, 0, 0, TICK_MS)
    // By then the sockets have been read.
    setImmediate(tick)
  }
  return {
    start: (lanes) => {
      free.push(...lanes)
      nextDueAt = performance.now()
      isRunning = true
      tick()
    },
    onFree: (lane) => {
      free.push(lane)
    },
    stop: () => {
      isRunning = false
    },
  }
}
