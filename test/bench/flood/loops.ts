import { setTimeout as wait } from 'node:timers/promises'
import type { Handshake, Outcome } from './handshake.ts'
import type { FloodResult } from './plan.ts'

/** How often the open loop looks at what is due. */
const TICK_MS = 2

/** A loop, and who is told when it begins nothing more. */
export interface LoopOptions {
  readonly durationMs: number
  readonly onOver: () => void
}

/** Keeps `concurrency` handshakes under way for a time. */
export const saturate = async (
  handshake: Handshake,
  concurrency: number,
  { durationMs, onOver }: LoopOptions,
): Promise<FloodResult> => {
  const tally = createTally()
  let isRunning = true
  const next = (): void => {
    if (isRunning) tally.begin(handshake, next)
  }
  for (let i = 0; i < concurrency; i++) next()
  await wait(durationMs)
  isRunning = false
  const result = tally.result()
  onOver()
  await tally.settled()
  return result
}

/** Begins `ratePerSecond` handshakes for a time, and waits for those that are still under way. */
export const offer = async (
  handshake: Handshake,
  ratePerSecond: number,
  { durationMs, onOver }: LoopOptions,
): Promise<FloodResult> => {
  const tally = createTally()
  const startedMs = performance.now()
  let begun = 0
  for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = performance.now() - startedMs) {
    const due = Math.floor((elapsedMs / 1000) * ratePerSecond)
    for (; begun < due; begun++) tally.begin(handshake, () => {})
    await wait(TICK_MS)
  }
  const atEnd = tally.result()
  onOver()
  await tally.settled()
  return { ...tally.result(), endedMs: atEnd.endedMs, busy: atEnd.busy }
}

interface Tally {
  readonly begin: (handshake: Handshake, onOver: () => void) => void
  readonly result: () => FloodResult
  /** When all that began are over. */
  readonly settled: () => Promise<void>
}

const createTally = (): Tally => {
  const counts: Record<Outcome, number> = { done: 0, shed: 0, unanswered: 0 }
  const atMs: number[] = []
  const tookMs: number[] = []
  const startedMs = performance.now()
  const cpu = process.cpuUsage()
  let offered = 0
  let underWay = 0
  let onSettled = (): void => {}
  return {
    begin: (handshake, onOver) => {
      const beganMs = performance.now()
      offered++
      underWay++
      handshake((outcome) => {
        counts[outcome]++
        atMs.push(performance.timeOrigin + beganMs)
        tookMs.push(outcome === 'done' ? performance.now() - beganMs : -1)
        underWay--
        if (underWay === 0) onSettled()
        onOver()
      })
    },
    result: () => {
      const { user, system } = process.cpuUsage(cpu)
      const windowMs = performance.now() - startedMs
      return {
        startedMs: performance.timeOrigin + startedMs,
        endedMs: performance.timeOrigin + startedMs + windowMs,
        offered,
        ...counts,
        busy: (user + system) / 1000 / windowMs,
        timeline: { atMs, tookMs },
      }
    },
    settled: () =>
      new Promise((resolve) => {
        if (underWay === 0) resolve()
        else onSettled = resolve
      }),
  }
}
