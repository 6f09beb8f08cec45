/**
 * Many clients in one process of its own, that ask for more than there is: each identity on connections of its own, on a
 * schedule that waits for nobody. It takes orders over the IPC channel and ends with its parent.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from '../load/clients/client.ts'
import { openHboneCarriers } from '../load/hbone-carriers.ts'
import type { Carriers } from '../load/lane.ts'
import type { LoadPlan } from '../load/plan.ts'
import { createTurnFlush } from '../load/turn-flush.ts'
import { Party } from './party.ts'
import { WINDOW_MS } from './plan.ts'
import type { FromSurge, StepResult, SurgePlan, SurgeStep, ToSurge } from './plan.ts'
import { Tally } from './tally.ts'

const OPEN_DEADLINE_MS = 60_000
/** How often the schedule is looked at, in milliseconds: what it may add to a latency. */
const TICK_MS = 0.1

const tell = (message: FromSurge): void => {
  process.send?.(message)
}

const parties: Party[] = []
const carriers: Carriers[] = []
let isClosing = false

const open = async (plan: SurgePlan): Promise<void> => {
  // One for all: what is due on many connections in one look goes out in one turn.
  const flush = createTurnFlush()
  for (const { tls, connections, tunnels } of plan.parties) {
    const opened = Promise.withResolvers<void>()
    let left = connections * tunnels
    const party = new Party(plan.bodyBytes, {
      onOpened: () => {
        left--
        if (left === 0) opened.resolve()
      },
      onFailure: (why) => {
        opened.reject(new Error(why))
        if (!isClosing) tell({ kind: 'failed', message: why })
      },
    })
    const load: LoadPlan = { ...plan, mode: 'hbone', tls, connections, tunnels, warmupMs: 0, windowMs: 0 }
    carriers.push(openHboneCarriers(load, createClient(load, { owner: party, flush }), { owner: party, flush }))
    parties.push(party)
    await Promise.race([opened.promise, expire()])
  }
}

const expire = async (): Promise<never> => {
  await wait(OPEN_DEADLINE_MS, undefined, { ref: false })
  throw new Error(`not all tunnels of a client were open after ${OPEN_DEADLINE_MS} ms`)
}

const run = async (steps: readonly SurgeStep[], groups: readonly number[]): Promise<readonly StepResult[]> => {
  let isRunning = true
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const tick = (): void => {
    if (!isRunning) return
    const nowMs = performance.now()
    for (const party of parties) party.send(nowMs)
    // Behind the flush of what was just sent, which is in the same queue.
    setImmediate(pause)
  }
  const pause = (): void => {
    Atomics.wait(cell, 0, 0, TICK_MS)
    setImmediate(tick)
  }
  const results: StepResult[] = []
  for (const [index, step] of steps.entries()) {
    tell({ kind: 'step', index })
    const running = runStep(step, groups)
    if (index === 0) tick()
    results.push(await running)
  }
  isRunning = false
  for (const party of parties) {
    party.take({ kind: 'rate', perSecond: 0 }, 0, 0)
    party.tallies = undefined
  }
  return results
}

const runStep = async (step: SurgeStep, groups: readonly number[]): Promise<StepResult> => {
  const tallies = Array.from({ length: Math.max(...groups) + 1 }, () => new Tally())
  const windows: Tally[] = []
  const startWindow = (): void => {
    const window = new Tally()
    windows.push(window)
    for (const [i, party] of parties.entries()) {
      const group = tallies[groups[i] ?? 0]
      if (group !== undefined) party.tallies = { group, window }
    }
  }
  startWindow()
  const startMs = performance.now()
  const cpuBefore = process.cpuUsage()
  for (const [i, party] of parties.entries()) {
    const load = step.loads[i]
    if (load !== undefined) party.take(load, startMs, i / parties.length)
  }
  const timer = setInterval(startWindow, WINDOW_MS)
  await wait(step.durationMs)
  clearInterval(timer)
  const tookMs = performance.now() - startMs
  const cpu = process.cpuUsage(cpuBefore)
  return {
    groups: tallies.map((tally) => tally.outcome()),
    windows: windows.map((tally) => tally.outcome()),
    seconds: tookMs / 1000,
    busy: (cpu.user + cpu.system) / 1000 / tookMs,
  }
}

const close = async (): Promise<void> => {
  isClosing = true
  await Promise.all(carriers.map((one) => one.close()))
}

const obey = async (order: ToSurge): Promise<void> => {
  try {
    switch (order.kind) {
      case 'open':
        await open(order.plan)
        return tell({ kind: 'open' })
      case 'run':
        return tell({ kind: 'done', results: await run(order.steps, order.groups) })
      case 'close':
        await close()
        return tell({ kind: 'closed' })
    }
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  // Only our parent writes to this channel, and only this type.
  void obey(message as ToSurge)
})
tell({ kind: 'up' })
