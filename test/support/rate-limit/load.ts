/** A RateLimit that is asked as often as a test says, and what comes of it. */
import { inspect } from 'node:util'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import rateLimit from '../../../filters/rate-limit/rate-limit.ts'
import type { Filter } from '../../../src/filter/index.ts'
import { createExchange, type ExchangeOptions } from '../../../src/filter/testing.ts'
import { createRealEnv } from './real-env.ts'

/** Makes the filter from its `spec` as it is written. */
export const makeLimit = (spec: object, origin: string): Filter => {
  const decoded = rateLimit.config.decode(spec, 'spec')
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.issues))
  return rateLimit.create(decoded.value, createRealEnv(origin))
}

/** What came of some requests. */
export interface Tally {
  passed: number
  refused: number
  /** Nobody could decide, and the failure mode is `Closed`. */
  failed: number
  /** In order of size. */
  readonly waitsMs: number[]
}

export interface LoadOptions {
  readonly perSecond: number
  readonly forMs: number
  /** Of the request of that number, from 0. */
  readonly exchangeOf?: (number: number) => ExchangeOptions
}

/** Asks so many times in a second for a time, however long the answers take. */
export const loadLimit = async (
  filter: Filter,
  { perSecond, forMs, exchangeOf = () => ({}) }: LoadOptions,
): Promise<Tally> => {
  const tally: Tally = { passed: 0, refused: 0, failed: 0, waitsMs: [] }
  const asked: Promise<void>[] = []
  const ask = async (): Promise<void> => {
    const startMs = performance.now()
    const reply = await filter.onRequest?.(createExchange(exchangeOf(asked.length)))
    tally.waitsMs.push(performance.now() - startMs)
    if (reply === undefined) tally.passed++
    else if (reply.status === 429) tally.refused++
    else tally.failed++
  }
  const startMs = performance.now()
  for (let nowMs = startMs; nowMs < startMs + forMs; nowMs = performance.now()) {
    while (asked.length < ((nowMs - startMs) * perSecond) / 1000) asked.push(ask())
    await delay(1)
  }
  await Promise.all(asked)
  tally.waitsMs.sort((a, b) => a - b)
  return tally
}

/** Asks until somebody decides; how long that took. For filters with `failureMode: Closed`. */
export const untilDecided = async (filter: Filter, exchange: ExchangeOptions = {}): Promise<number> => {
  const startMs = performance.now()
  for (;;) {
    const reply = await filter.onRequest?.(createExchange(exchange))
    if (reply === undefined || reply.status === 429) return performance.now() - startMs
    await delay(20)
  }
}

/** What a share of the requests waited at most. */
export const quantile = ({ waitsMs }: Tally, share: number): number => waitsMs[Math.floor(waitsMs.length * share)] ?? 0

/** Shows figures to whoever runs the test; of a tally its counts and waits. */
export const tell = (t: TestContext, ...figures: readonly unknown[]): void =>
  t.diagnostic(figures.map((one) => inspect(brief(one), { breakLength: Infinity })).join(' '))

const brief = (figure: unknown): unknown => {
  if (typeof figure !== 'object' || figure === null || !('waitsMs' in figure)) return figure
  const tally = figure as Tally
  const { waitsMs, ...counts } = tally
  return { asked: waitsMs.length, ...counts, p50: quantile(tally, 0.5), p99: quantile(tally, 0.99) }
}
