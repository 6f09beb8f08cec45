/**
 * A program that fills all label sets and exemplars that there may be, has itself scraped, and prints how long that held its loop:
 * for each kind of page a line of JSON. It is one of its own since a test runner looks at every promise, which is slow.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { startAdmin } from '../../../src/admin/admin.ts'
import { formatSpiffeId } from '../../../src/model/identity.ts'
import { Counters } from '../../../src/proxy/counters.ts'
import { openMetricsFormat, prometheusFormat } from '../../../src/telemetry/exposition/metrics-format.ts'
import { dumpPage, type MetricsDump } from '../../../src/telemetry/dump.ts'
import { createTelemetry } from '../../../src/telemetry/telemetry.ts'
import { knownSource, makeRecord, traceOf } from '../exchange-records.ts'
import { turn } from '../turns.ts'
import { unusedDeps } from './admin-deps.ts'

/** What one kind of page came to. */
export interface ScrapeHolds {
  readonly page: string
  readonly megabytes: number
  /** The longest turn of the loop in each scrape, in milliseconds. */
  readonly holds: readonly number[]
}

const REQUESTS = 1_000_000
const CAP = 2000
const DURATIONS = [3, 70, 700]
/** CPU time of a thread is known up to the last tick of the kernel. */
const TICK_MS = 4

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

const telemetry = createTelemetry({ counters: new Counters(), version: 'x' })

/** Fills every label set and every exemplar, and goes on with clients that nobody has seen before. */
const fill = (): void => {
  const usual = makeRecord()
  const trace = traceOf('a')
  for (let i = 0; i < REQUESTS; i++) {
    const principal = formatSpiffeId({ trustDomain: 'cluster.local', namespace: `n${i}`, serviceAccount: 's' })
    const source = { ...knownSource, principal, namespace: `n${i}` }
    const record = { ...usual, source, path: `/p/${i}`, authority: `h${i}.example` }
    const durations = i < CAP ? DURATIONS : [1]
    for (const durationMs of durations) telemetry.record({ ...record, durationMs, trace })
  }
  const { series } = telemetry.dump()
  const counted = series.reduce((sum, { values }) => sum + (values[0] ?? 0), 0)
  assert.deepEqual([series.length, counted], [CAP + 1, REQUESTS + CAP * (DURATIONS.length - 1)])
}

/**
 * The longest turn of the loop until `done`: by the clock, unless this thread had less CPU time than that, since the machine has
 * other things to do as well.
 */
const longestHold = async (done: Promise<unknown>): Promise<number> => {
  let longest = 0
  let next: NodeJS.Immediate
  // Starting the scraper is none of the scrape.
  await new Promise(setImmediate)
  let lastCpuMs = cpuMs()
  let lastMs = performance.now()
  const look = (): void => {
    const nowCpuMs = cpuMs()
    const nowMs = performance.now()
    longest = Math.max(longest, Math.min(nowMs - lastMs, nowCpuMs - lastCpuMs + TICK_MS))
    lastCpuMs = nowCpuMs
    lastMs = nowMs
    next = setImmediate(look)
  }
  look()
  await done.finally(() => clearImmediate(next))
  return longest
}

/** What a worker tells, part by part. */
const tell = async (said: number[]): Promise<readonly MetricsDump[]> => {
  const parts: MetricsDump[] = []
  for (let from: number | undefined = 0; from !== undefined;) {
    const beganMs = performance.now()
    const page = dumpPage(from, telemetry.dump)
    const message = serialize(page)
    said.push(performance.now() - beganMs)
    parts.push((deserialize(message) as typeof page).dump)
    from = page.next
    await turn()
  }
  return parts
}

const print = (holds: ScrapeHolds): void => void process.stdout.write(`${JSON.stringify(holds)}\n`)

const main = async (scrapes: number): Promise<void> => {
  fill()
  // As a waypoint of one process has them: beside its own there are the numbers of its credentials.
  let dumps = (): readonly MetricsDump[] => [telemetry.live(), { series: [], scalars: [] }]
  const deps = { ...unusedDeps, dumps: async () => dumps() }
  const admin = await startAdmin({ bind: '127.0.0.1', ports: { ready: 0, metrics: 0, admin: 0 }, deps })
  const url = `http://${admin.addresses.metrics}/stats/prometheus`
  const measure = async (page: string, { contentType }: { readonly contentType: string }): Promise<void> => {
    const args = [
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{content_type} %{size_download}',
      '-H',
      `Accept: ${contentType}`,
      url,
    ]
    const holds: number[] = []
    let bytes = 0
    for (let i = 0; i < scrapes; i++) {
      const done = promisify(execFile)('curl', args)
      holds.push(await longestHold(done))
      const [, type, size] = /^(.*) (\d+)$/.exec((await done).stdout) ?? []
      assert.equal(type, contentType)
      bytes = Number(size)
    }
    print({ page, megabytes: Math.round(bytes / 1e6), holds })
  }
  await measure('text', prometheusFormat)
  await measure('OpenMetrics', openMetricsFormat)
  const said: number[] = []
  const workers = [await tell(said), await tell(said)]
  dumps = () => workers.flat()
  await measure('OpenMetrics of two workers', openMetricsFormat)
  print({ page: 'parts of a worker', megabytes: 0, holds: said })
  telemetry.close()
  await admin.close()
}

await main(Number(process.argv[2]))
