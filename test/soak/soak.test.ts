import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Histogram } from '../bench/load/histogram.ts'
import { newConnection } from './client/connection.ts'
import type { Seat } from './client/seat.ts'
import { RAMP_MS, Workload } from './client/workload.ts'
import { parseSoakOptions } from './options.ts'
import { formatReport } from './report/format.ts'
import { formatPlot } from './report/svg.ts'
import { trendOf } from './report/trend.ts'
import { verdictsOf } from './report/verdicts.ts'
import type { SoakRun } from './run-soak.ts'

const MINUTE = 60_000

describe('options of a soak', () => {
  it('are ten minutes at 2,000 requests per second by default', () => {
    const { durationMs, ratePerSecond, workers, killEveryMs } = parseSoakOptions([])
    assert.deepEqual([durationMs, ratePerSecond, workers, killEveryMs], [10 * MINUTE, 2000, 2, 5 * MINUTE])
    assert.equal(parseSoakOptions(['--hours', '1']).durationMs, 60 * MINUTE)
  })
  for (const args of [['--hours', '0'], ['--rate', 'x'], ['--hours', '1', '--minutes', '2'], ['--what']]) {
    it(`${args.join(' ')} is refused`, () => assert.throws(() => parseSoakOptions(args)))
  }
})

it('a trend is the line through its points', () => {
  const points = [0, 1, 2, 3].map((hour) => [hour * 60 * MINUTE, 100 + 5 * hour] as const)
  const trend = trendOf(points)
  assert.ok(trend !== undefined)
  assert.deepEqual(
    [trend.mean, trend.slopePerHour.toFixed(6), trend.growth.toFixed(6)],
    [107.5, '5.000000', '0.150000'],
  )
  assert.equal(trendOf(points.slice(0, 2)), undefined)
})

describe('what becomes of requests', () => {
  const start = () => {
    const failures: string[] = []
    const ledger = {
      window: new Histogram(),
      total: new Histogram(),
      fail: (_: string, why: string) => void failures.push(why),
    }
    const plan = { name: 'get', authority: '', connections: 1, tunnels: 1, ratePerSecond: 10, request: '', status: 200 }
    const workload = new Workload(plan, ledger)
    const seats = Array.from({ length: 4 }, (): Seat => {
      const lane = { dueAt: 0, send: () => {} }
      return { lane, connection: newConnection(), isUsable: () => true, send: () => {}, giveUp: () => {} }
    })
    workload.start(0, 0)
    workload.send(RAMP_MS)
    for (const seat of seats) workload.offer(seat)
    return { workload, failures, seats }
  }

  it('each is counted once, and only those lost with a worker are excused', () => {
    const { workload, failures, seats } = start()
    const [good, wrong, lost, cut] = seats
    workload.send(RAMP_MS)
    assert.equal(workload.inFlight, 4)
    if (good !== undefined) workload.answer(good, 200, 5)
    if (wrong !== undefined) workload.answer(wrong, 503, 5)
    if (lost !== undefined) workload.lose(lost, 'reset', false)
    if (cut !== undefined) workload.lose(cut, 'reset', true)
    const { sent, answered, failed, cut: excused } = workload.counts()
    assert.deepEqual([sent, answered, failed, excused], [4, 1, 2, 1])
    assert.deepEqual(failures, ['status 503 with 5 bytes', 'reset'])
  })

  it('one that was not taken is sent again, as due when it was', () => {
    const { workload, seats } = start()
    workload.send(RAMP_MS)
    const [first] = seats
    if (first === undefined) return
    const { dueAt } = first.lane
    workload.repeat(first)
    workload.offer(first)
    workload.send(RAMP_MS)
    assert.deepEqual([first.lane.dueAt, workload.counts().repeated, workload.counts().sent], [dueAt, 1, 4])
  })

  it('one without an answer is a failure in the end', () => {
    const { workload, failures } = start()
    workload.send(RAMP_MS)
    workload.sweep(RAMP_MS + 60_000)
    assert.equal(failures.length, 4)
    assert.match(failures[0] ?? '', /no answer in 20000 ms/)
  })
})

/** An hour in which the memory of the one worker that lives rises by `growth` from first to last. */
const hour = (growth: number, changes: Partial<SoakRun> = {}): SoakRun => ({
  options: parseSoakOptions(['--hours', '1']),
  date: '2026-01-01T00:00:00.000Z',
  samples: Array.from({ length: 720 }, (_, i) => ({
    atMs: i * 5000,
    window: {
      seconds: 5,
      answered: 10_000,
      failed: 0,
      cut: 0,
      p50Ms: 1,
      p99Ms: 2,
      maxMs: 3,
      connections: 1,
      tunnels: 1,
      busy: 0.1,
    },
    processes: [
      { pid: 1, kind: 'primary', rssMb: 100, files: 30 },
      { pid: 2, kind: 'worker', rssMb: 100 * (1 + (growth * i) / 719), files: 50 },
    ],
    ...{ lagP99Ms: 3, lagMaxMs: 9, generation: i * 12, load: 1 },
  })),
  clients: {
    workloads: [],
    failures: [],
    dialled: 1,
    dialledInVain: 0,
    moves: 0,
    p50Ms: 1,
    p99Ms: 2,
    p999Ms: 3,
    maxMs: 4,
  },
  disturbances: { reloads: 3600, churns: 5000, rotations: 59, restarts: 119, kills: [] },
  ...{ withoutHeader: 0, metrics: [], log: [], troubles: [] },
  ...changes,
})

describe('the verdicts', () => {
  const missed = (run: SoakRun): readonly string[] =>
    verdictsOf(run).flatMap(({ claim, isMet }) => (isMet ? [] : claim))
  const get = { name: 'get', sent: 10, answered: 10, failed: 0, cut: 0, repeated: 0 }
  const metric = {
    name: 'istio_requests_total',
    labels: { destination_service_name: 'get', response_code: '200' },
    value: 9,
  }
  const kill = { pid: 3, atMs: 300_000, recoveredMs: 1, connections: 1, answeredSince: { get: 1 } }
  const { clients, disturbances } = hour(0)
  const counted = { clients: { ...clients, workloads: [get] }, metrics: [metric] }
  const death = { level: 'error', message: 'worker 3 ended unexpectedly' }
  const cases: readonly (readonly [name: string, run: SoakRun, missed: RegExp | undefined])[] = [
    ['a good hour', hour(0.04), undefined],
    ['a leak', hour(0.08), /^memory of the worker/],
    [
      'a request that failed',
      hour(0, { clients: { ...clients, failures: ['get: status 503'] } }),
      /^no request failed/,
    ],
    ['a count that falls short', hour(0, counted), /^the merged metrics/],
    [
      'a count that died with its worker',
      hour(0, { ...counted, disturbances: { ...disturbances, kills: [kill] }, log: [death] }),
      undefined,
    ],
    ['a death of which nobody knows why', hour(0, { log: [death] }), /^the log warns/],
    [
      'a gauge that is left',
      hour(0, { metrics: [{ name: 'fairway_tunnels_open', labels: {}, value: 1 }] }),
      /^nothing is left/,
    ],
    ['a route that was not in force', hour(0, { withoutHeader: 1 }), /^every route/],
  ]
  for (const [name, run, expected] of cases) {
    it(`of ${name}`, () => {
      const found = missed(run)
      if (expected === undefined) assert.deepEqual(found, [])
      else assert.match(found[0] ?? 'none', expected)
    })
  }

  it('are told with their figures, and plotted', () => {
    const run = hour(0.08)
    const text = formatReport(run, verdictsOf(run), (_style, plain) => plain)
    assert.match(text, /MISSED {2}memory of the worker that lived all the time is flat within 5 %\n +104\.\d MB/)
    assert.equal(formatPlot(run).match(/<polyline/g)?.length, 8)
  })
})
