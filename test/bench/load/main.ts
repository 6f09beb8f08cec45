/**
 * The load generator as a process of its own: takes plans over the IPC channel, one at a time, and reports each
 * window. It ends with its parent. Nothing that is measured may ever run in it.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from './clients/client.ts'
import { createDriver } from './driver.ts'
import type { Driver } from './driver.ts'
import { openHboneCarriers } from './hbone-carriers.ts'
import { createHolder } from './holder.ts'
import type { Carriers, LaneOwner } from './lane.ts'
import { countLanes } from './plan.ts'
import type { FromLoad, LoadPlan, LoadResult, ToLoad } from './plan.ts'
import { openSocketCarriers } from './socket-carriers.ts'
import { createTurnFlush } from './turn-flush.ts'

const OPEN_DEADLINE_MS = 30_000

const tell = (message: FromLoad): void => {
  process.send?.(message)
}

const openCarriers = (plan: LoadPlan, owner: LaneOwner): Carriers => {
  const deps = { owner, flush: createTurnFlush() }
  const client = createClient(plan, deps)
  return plan.mode === 'hbone' ? openHboneCarriers(plan, client, deps) : openSocketCarriers(plan, client, deps)
}

const run = async (plan: LoadPlan): Promise<void> => {
  const driver = createDriver(plan)
  const carriers = openCarriers(plan, driver)
  try {
    await Promise.race([driver.opened, expire()])
    driver.start()
    await wait(plan.warmupMs)
    driver.resetCounts()
    tell({ kind: 'began' })
    tell({ kind: 'ended', result: await measure(plan, driver, carriers) })
  } catch (error) {
    tellFailure(error)
  } finally {
    driver.stop()
    carriers.readers?.stop()
    await carriers.close()
    tell({ kind: 'idle' })
  }
}

/** Lanes that are opened, and left to themselves until they are released. */
interface Kept {
  /** All are open. */
  readonly ready: Promise<unknown>
  readonly lost: () => { readonly lost: number; readonly firstError: string | undefined }
  readonly close: () => Promise<unknown>
}

const keep = async ({ ready, lost, close }: Kept): Promise<void> => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  releaseHeld = release
  try {
    await Promise.race([ready, expire()])
    tell({ kind: 'held' })
    await released
    tell({ kind: 'released', ...lost() })
  } catch (error) {
    tellFailure(error)
  } finally {
    await close()
    tell({ kind: 'idle' })
  }
}

const hold = (plan: LoadPlan, hasRequest: boolean): Promise<void> => {
  const holder = createHolder(countLanes(plan), hasRequest)
  const carriers = openCarriers(plan, holder)
  return keep({ ready: holder.held, lost: holder.lost, close: carriers.close })
}

/** All plans' lanes are open, and idle but for the turn of one of them. */
const open = (plans: readonly LoadPlan[]): Promise<void> => {
  const opened = plans.map((plan) => {
    const driver = createDriver(plan)
    return { driver, carriers: openCarriers(plan, driver) }
  })
  takeTurn = async (index, ms) => {
    const driver = opened[index]?.driver
    if (driver === undefined) return tellFailure(`there is no plan ${index}`)
    driver.resetCounts()
    driver.start()
    await wait(ms)
    await Promise.race([driver.pause(), expire()]).catch(tellFailure)
    const { requests, errors, firstError } = driver.counts()
    tell({ kind: 'turned', turn: { requests, errors, firstError } })
  }
  return keep({
    ready: Promise.all(opened.map(({ driver }) => driver.opened)),
    lost: () => {
      const failed = opened.map(({ driver }) => driver.counts()).filter(({ errors }) => errors > 0)
      return { lost: failed.reduce((sum, { errors }) => sum + errors, 0), firstError: failed[0]?.firstError }
    },
    close: () => {
      for (const { driver } of opened) driver.stop()
      return Promise.all(opened.map(({ carriers }) => carriers.close()))
    },
  })
}

let takeTurn = async (_index: number, _ms: number): Promise<void> => {}
let releaseHeld = (): void => {}

const tellFailure = (error: unknown): void => {
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
}

const measure = async (plan: LoadPlan, driver: Driver, carriers: Carriers): Promise<LoadResult> => {
  const startedAt = performance.now()
  const cpuBefore = process.cpuUsage()
  await (carriers.readers === undefined
    ? wait(plan.windowMs)
    : Promise.race([carriers.readers.read(), wait(plan.windowMs)]))
  const windowMs = performance.now() - startedAt
  const cpu = process.cpuUsage(cpuBefore)
  const { requests, bytes, errors, firstError, latency, timeline } = driver.counts()
  return {
    requests,
    bytes,
    errors,
    firstError,
    windowMs,
    p50Ms: latency.quantile(0.5) / 1000,
    p99Ms: latency.quantile(0.99) / 1000,
    busy: (cpu.user + cpu.system) / 1000 / windowMs,
    cipher: carriers.cipher(),
    ...(carriers.readers === undefined ? {} : { readers: carriers.readers.counts() }),
    ...(timeline === undefined ? {} : { timeline }),
  }
}

const expire = async (): Promise<never> => {
  await wait(OPEN_DEADLINE_MS, undefined, { ref: false })
  throw new Error(`not all lanes were open after ${OPEN_DEADLINE_MS} ms`)
}

process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  // Only our parent writes to this channel, and only this type.
  const order = message as ToLoad
  if (order.kind === 'run') void run(order.plan)
  else if (order.kind === 'hold') void hold(order.plan, order.hasRequest)
  else if (order.kind === 'open') void open(order.plans)
  else if (order.kind === 'turn') void takeTurn(order.index, order.ms)
  else releaseHeld()
})
tell({ kind: 'up' })
