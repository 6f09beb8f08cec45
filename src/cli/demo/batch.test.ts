import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { formatReport, sendBatch, type DemoReport } from './batch.ts'
import type { Stage } from './stage.ts'
import type { Sample, Totals } from './tally.ts'

interface Run {
  readonly report: DemoReport
  readonly progress: readonly Totals[]
  readonly paths: readonly string[]
  readonly mostAtOnce: number
}

const run = async (
  requests: number,
  answer: (n: number) => Sample,
  stopAfter = Number.POSITIVE_INFINITY,
): Promise<Run> => {
  const paths: string[] = []
  const progress: Totals[] = []
  let atOnce = 0
  let mostAtOnce = 0
  const send = async (path: string): Promise<Sample> => {
    paths.push(path)
    mostAtOnce = Math.max(mostAtOnce, ++atOnce)
    await Promise.resolve()
    atOnce--
    return answer(paths.length)
  }
  const stage = { ztunnel: { send } } as unknown as Pick<Stage, 'ztunnel'>
  const report = await sendBatch(stage, {
    requests,
    clock: systemClock,
    isStopped: () => paths.length >= stopAfter,
    onProgress: (totals) => progress.push(totals),
  })
  return { report, progress, paths, mostAtOnce }
}

const ok = (service: string): Sample => ({ isOk: true, service, ms: 2, problem: undefined })
const failed: Sample = { isOk: false, service: undefined, ms: 9, problem: 'no' }

test('exactly as many requests are sent as asked for, each once, eight at a time', async () => {
  const { report, paths, mostAtOnce } = await run(250, (n) => ok(n % 10 === 0 ? 'api-canary' : 'api-stable'))
  assert.equal(new Set(paths).size, 250)
  assert.equal(mostAtOnce, 8)
  assert.deepEqual([report.requests, report.ok, report.errors], [250, 250, 0])
  assert.equal((report.backends['api-stable'] ?? 0) + (report.backends['api-canary'] ?? 0), 250)
  assert.deepEqual(report.latencyMs, { p50: 2, p99: 2 })
})

test('fewer requests than tunnels are no problem', async () => {
  const { report, paths } = await run(3, () => ok('api-stable'))
  assert.deepEqual([report.requests, report.ok, paths.length], [3, 3, 3])
})

test('failures are counted, belong to no backend and do not end the run', async () => {
  const { report } = await run(20, (n) => (n > 10 ? failed : ok('api-stable')))
  assert.equal(report.ok + report.errors, 20)
  assert.ok(report.errors > 0)
  assert.deepEqual(report.backends, { 'api-stable': report.ok, 'api-canary': 0 })
})

test('progress is told after each hundred', async () => {
  const { progress } = await run(250, () => ok('api-stable'))
  assert.deepEqual(
    progress.map(({ requests }) => requests),
    [100, 200],
  )
})

test('a run that was stopped reports what was answered', async () => {
  const { report } = await run(1000, () => ok('api-stable'), 100)
  assert.ok(report.requests >= 100 && report.requests < 110, String(report.requests))
  assert.equal(report.ok, report.requests)
})

test('the report in words says shares, and a dash where nothing was measured', () => {
  const backends = { 'api-stable': 9, 'api-canary': 1 }
  assert.equal(
    formatReport({ requests: 10, ok: 10, errors: 0, backends, latencyMs: { p50: 1.5, p99: 12.34 } }),
    [
      '10 requests: 10 answered, 0 failed',
      '  api-stable         9   90.0 %',
      '  api-canary         1   10.0 %',
      '  latency p50 1.50 ms, p99 12.3 ms',
      '',
    ].join('\n'),
  )
  const none = { requests: 1, ok: 0, errors: 1, backends: {}, latencyMs: { p50: null, p99: null } }
  assert.match(formatReport(none), /^1 requests: 0 answered, 1 failed\n {2}latency p50 –, p99 –\n$/)
})
