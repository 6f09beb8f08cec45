/**
 * `npm run test:long`: what a route without filters notices of filters on others, one kind of misdeed after the other.
 * The figures are shown; what is demanded of them leaves room for a machine that does other things as well.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFilterMesh } from './support/bad-filters.ts'
import { eventually } from './support/eventually.ts'
import type { RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import type { Mesh } from './support/mesh.ts'

const VIP = '10.96.0.10:80'
/** Of the neighbour, and of the route with the filter. */
const EVERY_MS = 4
const BAD_EVERY_MS = 20
/** Median of so many windows of each. */
const PAIRS = 11
const PAIR_MS = 600
/** Two seconds where the machine has nothing else to do. */
const MAX_OUTAGE_MS = 6000
/** What the whole way of a request takes until V8 has compiled it for good. */
const WARM_REQUESTS = 6000

const beside = ['empty', 'throw', 'reject', 'stray', 'wait', 'loop', 'leak', 'gorge', 'timer']
const apart = ['loop', 'leak', 'gorge'].map((name) => `${name}-apart`)

const filters = Object.fromEntries([
  ...beside.map((name) => [name, {}] as const),
  ...apart.map((name) => [name, { module: `${name.split('-')[0]}.ts`, isolation: 'Thread' }] as const),
])

interface Row {
  readonly id: string
  readonly state: string
  readonly lastFailure?: { readonly message: string; readonly location?: string }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const compare = (first: readonly Window[], then: readonly Window[], what: string): string =>
  (['p50', 'p99'] as const)
    .map((quantile) => {
      const [usual, found] = [first, then].map((windows) => median(windows.map((one) => one[quantile])))
      return `${quantile} ${usual} and ${found} ms, × ${((found ?? 0) / (usual ?? 0)).toFixed(2)}`
    })
    .join('; ')
    .concat(` ${what}`)

const countFailures = (windows: readonly Window[]): number => windows.reduce((sum, { failures }) => sum + failures, 0)

interface Window {
  readonly p50: number
  readonly p99: number
  readonly requests: number
  readonly failures: number
  /** Between two answers in a row. */
  readonly longestGapMs: number
}

describe('beside a filter that fails', () => {
  let mesh: Mesh
  let fairway: RunningFairway
  /** To which nothing happens. */
  let unharmed: RunningFairway
  before(async () => {
    const made = await createFilterMesh('127.71.42.1', filters)
    mesh = made.mesh
    const start = (): Promise<RunningFairway> =>
      mesh.startFairway(1, ['--filters', made.filtersDir], { FAIRWAY_NODE_FLAGS: '--max-old-space-size=512' })
    fairway = await start()
    unharmed = await start()
  })
  after(() => mesh?.[Symbol.asyncDispose]())

  /**
   * Sends at its own pace, whatever becomes of the requests, on a connection that is there before the first one; dials
   * again when it is lost.
   */
  const send = async (
    to: RunningFairway,
    { path, everyMs }: { readonly path: string; readonly everyMs: number },
    onDone: (tookMs: number | undefined) => void,
  ): Promise<() => void> => {
    let client: Promise<HboneClient> | undefined = mesh.dial(to)
    await (await client).request(VIP)
    const once = async (): Promise<void> => {
      const startedMs = performance.now()
      try {
        client ??= mesh.dial(to)
        const open = await client
        if (!open.isOpen) throw new Error('lost')
        const { status } = await open.request(VIP, { path })
        onDone(status === 200 ? performance.now() - startedMs : undefined)
      } catch {
        client = undefined
        onDone(undefined)
      }
    }
    const timer = setInterval(() => void once(), everyMs)
    return () => clearInterval(timer)
  }

  const measure = async (bad: string | undefined, windowMs: number, to = fairway): Promise<Window> => {
    const took: number[] = []
    let failures = 0
    let lastMs = performance.now()
    let longestGapMs = 0
    const stops = await Promise.all([
      send(to, { path: '/', everyMs: EVERY_MS }, (tookMs) => {
        if (tookMs === undefined) return void failures++
        const nowMs = performance.now()
        longestGapMs = Math.max(longestGapMs, nowMs - lastMs)
        lastMs = nowMs
        took.push(tookMs)
      }),
      ...(bad === undefined ? [] : [send(to, { path: `/${bad}`, everyMs: BAD_EVERY_MS }, () => {})]),
    ])
    lastMs = performance.now()
    await sleep(windowMs)
    for (const stop of stops) stop()
    await sleep(200)
    const sorted = took.toSorted((a, b) => a - b)
    const at = (share: number): number => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 100) / 100
    return { p50: at(0.5), p99: at(0.99), requests: took.length, failures, longestGapMs: Math.round(longestGapMs) }
  }

  const show = ({ p50, p99, requests, failures, longestGapMs }: Window): string =>
    `p50 ${p50} ms, p99 ${p99} ms, ${requests} answers, ${failures} failures, longest gap ${longestGapMs} ms`

  /** In turn: what slows the machine for a while slows both. */
  const measureBoth = async (
    usual: () => Promise<Window>,
    bad: () => Promise<Window>,
  ): Promise<{ readonly without: readonly Window[]; readonly during: readonly Window[] }> => {
    const [without, during]: [Window[], Window[]] = [[], []]
    for (let pair = 0; pair < PAIRS; pair++) {
      without.push(await usual())
      during.push(await bad())
    }
    return { without, during }
  }

  /** As many requests as it takes until the hot path is compiled: at the pace of a window that would take half a minute. */
  const warm = async (to = fairway): Promise<void> => {
    const client = await mesh.dial(to)
    let left = WARM_REQUESTS
    const ask = async (): Promise<void> => {
      while (left-- > 0) await client.request(VIP)
    }
    await Promise.all(Array.from({ length: 8 }, ask))
  }

  for (const name of [...beside.slice(0, 5), ...apart]) {
    it(`${name}: nobody else notices`, async (t) => {
      await warm()
      const { without, during } = await measureBoth(
        () => measure('empty', PAIR_MS),
        () => measure(name, PAIR_MS),
      )
      t.diagnostic(compare(without, during, `beside an empty filter and beside ${name}`))
      assert.equal(countFailures(during), 0)
    })
  }

  for (const name of ['loop', 'leak', 'gorge', 'timer']) {
    it(`${name}: another process takes over within ${MAX_OUTAGE_MS} ms`, async (t) => {
      await warm()
      await warm(unharmed)
      const measureAfter = () =>
        measureBoth(
          () => measure('empty', PAIR_MS, unharmed),
          () => measure(name, PAIR_MS),
        )
      const during = await measure(name, 15_000)
      t.diagnostic(`while it happens: ${show(during)}`)
      assert.ok(during.longestGapMs < MAX_OUTAGE_MS, `an outage of ${during.longestGapMs} ms`)
      const rows = async (): Promise<readonly Row[]> =>
        ((await fairway.admin('/filters')) as { readonly filters: readonly Row[] }).filters
      await eventually('the quarantine', async () =>
        (await rows()).some(({ id, state }) => id === `shop/${name}` && state === 'quarantined'),
      )
      const { lastFailure } = (await rows()).find(({ id }) => id === `shop/${name}`) ?? {}
      t.diagnostic(`${lastFailure?.location}: ${lastFailure?.message}`)
      // Its line too, unless the machine is so busy that nobody could look.
      if (['loop', 'timer'].includes(name))
        assert.match(lastFailure?.location ?? '', new RegExp(`^${name}\\.ts(?::6)?$`))
      const young = await measureAfter()
      t.diagnostic(compare(young.without, young.during, `where nothing happened, and after ${name}, 15 s later`))
      await warm()
      const warmed = await measureAfter()
      t.diagnostic(compare(warmed.without, warmed.during, `likewise, once it has served ${WARM_REQUESTS} requests`))
      assert.equal(countFailures([...young.during, ...warmed.during]), 0)
    })
  }
})
