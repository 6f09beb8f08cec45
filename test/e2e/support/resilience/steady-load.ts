/** Requests at a fixed rate through a waypoint, cheap enough to leave the machine to those who are looked at. */
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '../../../bench/load/clients/client.ts'
import { openHboneCarriers } from '../../../bench/load/hbone-carriers.ts'
import type { Lane } from '../../../bench/load/lane.ts'
import type { LoadPlan, TlsFiles, Work } from '../../../bench/load/plan.ts'
import { createTurnFlush } from '../../../bench/load/turn-flush.ts'

export interface SteadyLoadOptions {
  /** `HOST:PORT` of the waypoint. */
  readonly waypoint: string
  readonly authority: string
  readonly tls: TlsFiles
  readonly ratePerSecond: number
  /** With many of them every worker has some. */
  readonly connections: number
  /** On each connection; each carries one request at a time. */
  readonly tunnels: number
  /** Default: a GET of `/`. */
  readonly request?: string
  /** What is under way there beside the head; default: nothing. */
  readonly work?: Work
  /** Of a right answer; default: what pods say. */
  readonly bodyBytes?: number
  /** Told of each answer. */
  readonly onAnswer?: (answer: SteadyAnswer) => void
}

export interface SteadyAnswer {
  /** By `Date.now()`. */
  readonly dueAtMs: number
  readonly tookMs: number
  readonly isGood: boolean
}

export interface SteadyReport {
  readonly answers: number
  /** Answers that were not 200 with the right body, and tunnels that were lost. */
  readonly failed: number
  /** The first twenty of them, each with the time since the start in milliseconds. */
  readonly failures: readonly string[]
  /** Requests that had no answer when the time to wait for it was over. */
  readonly unanswered: number
  /** When the last of those was due, by `Date.now()`; 0 when there are none. */
  readonly lastUnansweredMs: number
  readonly ratePerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly slowestMs: number
}

export interface SteadyLoad {
  readonly answers: () => number
  /** Of bodies, as far as they have come. */
  readonly bytes: () => number
  /** Answers and lost tunnels that were no success, so far. */
  readonly failed: () => number
  /** Sends nothing new, waits for what is under way at most so long, and closes everything. */
  readonly stop: (waitMs?: number) => Promise<SteadyReport>
}

const TICK_MS = 2
const MAX_FAILURES = 20
/** What pods answer. */
const BODY_BYTES = 2
const GET = 'GET / HTTP/1.1\r\nhost: api.shop.svc.cluster.local\r\n\r\n'

/** Opens all tunnels, then sends on a schedule whatever the answers do. */
export const startSteadyLoad = async (options: SteadyLoadOptions): Promise<SteadyLoad> => {
  const { connections, tunnels, ratePerSecond, bodyBytes: wantedBytes = BODY_BYTES } = options
  const plan = planOf(options)
  const opened = Promise.withResolvers<void>()
  const free: Lane[] = []
  const busy = new Set<Lane>()
  const tookMs: number[] = []
  const failures: string[] = []
  let [failed, bytes, isOver, startedAt] = [0, 0, false, performance.now()]
  const fail = (what: string): void => {
    if (isOver) return
    failed++
    if (failures.length < MAX_FAILURES) failures.push(`${Math.round(performance.now() - startedAt)}: ${what}`)
    opened.reject(new Error(what))
  }
  const owner = {
    onOpen: (lane: Lane) => {
      if (free.push(lane) === connections * tunnels) opened.resolve()
    },
    onAnswer: (lane: Lane, status: number, bodyBytes: number) => {
      const took = performance.now() - lane.dueAt
      const isGood = status === 200 && bodyBytes === wantedBytes
      tookMs.push(took)
      options.onAnswer?.({ dueAtMs: performance.timeOrigin + lane.dueAt, tookMs: took, isGood })
      if (!isGood) fail(`status ${status} with ${bodyBytes} bytes`)
      busy.delete(lane)
      free.push(lane)
    },
    onBytes: (count: number) => void (bytes += count),
    onLost: fail,
  }
  const deps = { owner, flush: createTurnFlush() }
  const carriers = openHboneCarriers(plan, createClient(plan, deps), deps)
  await opened.promise
  startedAt = performance.now()
  const intervalMs = 1000 / ratePerSecond
  let nextDueAt = startedAt
  const timer = setInterval(() => {
    const now = performance.now()
    for (; nextDueAt <= now; nextDueAt += intervalMs) {
      // Oldest first, so that every connection, and with it every worker, has its share.
      const lane = free.shift()
      if (lane === undefined) return
      lane.dueAt = nextDueAt
      busy.add(lane)
      lane.send()
    }
  }, TICK_MS)
  return {
    answers: () => tookMs.length,
    bytes: () => bytes,
    failed: () => failed,
    stop: async (waitMs = 5000) => {
      clearInterval(timer)
      const sentMs = performance.now() - startedAt
      const endMs = performance.now() + waitMs
      while (busy.size > 0 && performance.now() < endMs) await delay(TICK_MS)
      isOver = true
      const unanswered = busy.size
      const lastDueAt = Math.max(...Array.from(busy, ({ dueAt }) => dueAt))
      await carriers.close()
      const sorted = Float64Array.from(tookMs).toSorted()
      const quantile = (q: number): number => sorted[Math.floor((sorted.length - 1) * q)] ?? 0
      return {
        answers: sorted.length,
        failed,
        failures,
        unanswered,
        lastUnansweredMs: unanswered === 0 ? 0 : performance.timeOrigin + lastDueAt,
        ratePerSecond: Math.round((sorted.length * 1000) / sentMs),
        p50Ms: quantile(0.5),
        p99Ms: quantile(0.99),
        slowestMs: quantile(1),
      }
    },
  }
}

const planOf = (options: SteadyLoadOptions): LoadPlan => {
  const { waypoint, authority, tls, connections, tunnels, request = GET, bodyBytes = BODY_BYTES, work } = options
  const [host = '', port] = waypoint.split(':')
  const what = work === undefined ? { request, bodyBytes } : { request, bodyBytes, work }
  const shape = { connections, tunnels, authority, tls, ...what }
  return { mode: 'hbone', host, port: Number(port), ...shape, warmupMs: 0, windowMs: 0 }
}

/** One line for people. */
export const formatReport = (report: SteadyReport): string => {
  const { answers, failed, unanswered, ratePerSecond, p50Ms, p99Ms, slowestMs } = report
  const times = [p50Ms, p99Ms, slowestMs].map((ms) => ms.toFixed(1)).join(' / ')
  return `${answers} answers at ${ratePerSecond}/s, ${failed} failed, ${unanswered} unanswered, p50/p99/max ${times} ms`
}
