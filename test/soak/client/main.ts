/**
 * The clients of a soak in one process of their own: every node of every workload. It takes orders over the IPC channel
 * and ends with its parent.
 */
import { createSecureContext } from 'node:tls'
import { setTimeout as wait } from 'node:timers/promises'
import { Histogram } from '../../bench/load/histogram.ts'
import type { LoadPlan } from '../../bench/load/plan.ts'
import { createTurnFlush } from '../../bench/load/turn-flush.ts'
import type { DialOptions } from '../../bench/pipes/hbone-connection.ts'
import { tlsOptions } from '../../bench/support/tls-options.ts'
import { waitFor } from '../../bench/support/wait-for.ts'
import { Node } from './node.ts'
import type { NodeCounts } from './node.ts'
import type { ClientPlan, ClientReport, FromClient, ToClient, WorkloadPlan } from './plan.ts'
import { Workload } from './workload.ts'
import type { Ledger } from './workload.ts'

/** What it may add to a latency; a finer schedule would cost a good part of a CPU. */
const TICK_MS = 2
const SWEEP_MS = 1000
const WINDOW_MS = 5000
const OPEN_DEADLINE_MS = 60_000
const MAX_FAILURES = 200
/** After a kill, connections that the worker had not taken yet are lost as well. */
const EXCUSED_MS = 2000

const tell = (message: FromClient): void => {
  process.send?.(message)
}

const failures: string[] = []
const ledger: Ledger = {
  window: new Histogram(),
  total: new Histogram(),
  fail: (workload, why) => {
    if (failures.length >= MAX_FAILURES) return
    failures.push(`${new Date().toISOString()} ${workload}: ${why}`)
  },
}
const counts: NodeCounts = { dialled: 0, dialledInVain: 0, moves: 0, excusedUntilMs: 0 }
const workloads: Workload[] = []
const nodes: { readonly node: Node; readonly workload: Workload }[] = []
const timers: NodeJS.Timeout[] = []
/** Where connections go. */
let port = 0

const open = async (plan: ClientPlan): Promise<void> => {
  const flush = createTurnFlush()
  const tls = tlsOptions(plan.tls)
  const secured = { ...tls, secureContext: createSecureContext(tls) }
  port = plan.port
  const dial = (): DialOptions => ({ host: plan.host, port, tls: secured, hasLargeWindows: true })
  for (const one of plan.workloads) {
    const workload = new Workload(one, ledger)
    workloads.push(workload)
    for (let i = 0; i < one.connections; i++) {
      const node = new Node({ workload, dial, plan: loadPlanOf(plan, one), flush, counts })
      nodes.push({ node, workload })
      node.fill()
    }
  }
  const wanted = plan.workloads.reduce((sum, { connections, tunnels }) => sum + connections * tunnels, 0)
  await waitFor('all tunnels are open', OPEN_DEADLINE_MS, () => {
    if (failures.length > 0) throw new Error(failures[0])
    return countTunnels() === wanted || undefined
  })
}

const loadPlanOf = (plan: ClientPlan, one: WorkloadPlan): LoadPlan => ({
  mode: 'hbone',
  host: plan.host,
  port: plan.port,
  tls: plan.tls,
  connections: 1,
  // A client takes one pipe at a time.
  tunnels: 1,
  authority: one.authority,
  request: one.request,
  bodyBytes: one.bodyBytes ?? 0,
  warmupMs: 0,
  windowMs: 0,
  ...(one.work === undefined ? {} : { work: one.work }),
})

const countTunnels = (): number => nodes.reduce((sum, { node }) => sum + node.tunnels, 0)

const go = (): void => {
  const nowMs = performance.now()
  for (const [i, workload] of workloads.entries()) workload.start(nowMs, i / workloads.length)
  const send = (): void => {
    const now = performance.now()
    for (const workload of workloads) workload.send(now)
  }
  const sweep = (): void => {
    const now = performance.now()
    for (const workload of workloads) workload.sweep(now)
  }
  timers.push(setInterval(send, TICK_MS), setInterval(sweep, SWEEP_MS), setInterval(createReporter(), WINDOW_MS))
}

/** Reports the time since its last call. */
const createReporter = (): (() => void) => {
  let [lastMs, lastCpu] = [performance.now(), process.cpuUsage()]
  ledger.window.reset()
  return () => {
    const [nowMs, cpu, { window }] = [performance.now(), process.cpuUsage(lastCpu), ledger]
    const seconds = (nowMs - lastMs) / 1000
    const all = workloads.map((workload) => workload.counts())
    tell({
      kind: 'window',
      window: {
        seconds,
        answered: window.total,
        failed: all.reduce((sum, { failed }) => sum + failed, 0),
        cut: all.reduce((sum, { cut }) => sum + cut, 0),
        ...{ p50Ms: window.quantile(0.5) / 1000, p99Ms: window.quantile(0.99) / 1000 },
        maxMs: window.quantile(1) / 1000,
        connections: nodes.reduce((sum, { node }) => sum + [...node.connections].length, 0),
        tunnels: countTunnels(),
        busy: (cpu.user + cpu.system) / 1e6 / seconds,
      },
    })
    ledger.window.reset()
    ;[lastMs, lastCpu] = [nowMs, process.cpuUsage()]
  }
}

const mark = (): void => {
  for (const { node } of nodes) for (const connection of node.connections) connection.answered = 0
}

const doom = (ports: readonly number[]): void => {
  const doomed = new Set(ports)
  const answeredSince: Record<string, number> = {}
  counts.excusedUntilMs = performance.now() + EXCUSED_MS
  for (const { node, workload } of nodes) {
    for (const connection of node.connections) {
      if (!doomed.has(connection.hbone?.socket.localPort ?? 0)) continue
      connection.isDoomed = true
      answeredSince[workload.plan.name] = (answeredSince[workload.plan.name] ?? 0) + connection.answered
    }
  }
  tell({ kind: 'doomed', inFlight: countInFlight(), answeredSince })
}

const countInFlight = (): number => workloads.reduce((sum, { inFlight }) => sum + inFlight, 0)

const stop = async (waitMs: number): Promise<ClientReport> => {
  for (const workload of workloads) workload.stop()
  const untilMs = performance.now() + waitMs
  while (countInFlight() > 0 && performance.now() < untilMs) await wait(TICK_MS)
  for (const timer of timers) clearInterval(timer)
  const { total } = ledger
  const report = {
    workloads: workloads.map((workload) => workload.counts()),
    failures: countInFlight() === 0 ? failures : [...failures, `${countInFlight()} requests had no answer at the end`],
    ...{ dialled: counts.dialled, dialledInVain: counts.dialledInVain, moves: counts.moves },
    ...{ p50Ms: total.quantile(0.5) / 1000, p99Ms: total.quantile(0.99) / 1000 },
    ...{ p999Ms: total.quantile(0.999) / 1000, maxMs: total.quantile(1) / 1000 },
  }
  await Promise.all(nodes.map(({ node }) => node.close()))
  return report
}

const obey = async (order: ToClient): Promise<void> => {
  try {
    switch (order.kind) {
      case 'open':
        await open(order.plan)
        return tell({ kind: 'open' })
      case 'go':
        return go()
      case 'move':
        port = order.port
        return
      case 'mark':
        mark()
        return tell({ kind: 'marked' })
      case 'doom':
        return doom(order.ports)
      case 'stop':
        return tell({ kind: 'stopped', report: await stop(order.waitMs) })
    }
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  // Only our parent writes to this channel, and only this type.
  void obey(message as ToClient)
})
tell({ kind: 'up' })
