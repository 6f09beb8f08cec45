import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { madeContender, madeRun } from '../support/made-contender.ts'
import { missingCase, ratioGoalsOf, verdictOf } from '../report.ts'
import { reportCase } from './case-report.ts'
import type { Contender } from './contender.ts'
import type { Run } from './laboratory.ts'
import type { MeshCase } from './mesh-case.ts'

const busyPod: MeshCase = {
  name: 'hbone-hbone-1x64',
  out: 'hbone',
  connections: 1,
  tunnels: 64,
  destinations: 1,
  peers: 'both',
  load: { request: '', bodyBytes: 0 },
}

const contenderOf = (name: string, connections: number, cpu: readonly number[]): Contender =>
  madeContender(cpu, { name, connections, peakRssMb: 80.44 })

describe('a case', () => {
  const reports = reportCase(
    busyPod,
    [
      contenderOf('fairway', 1, [10, 12, 11]),
      contenderOf('nginx-tls', 1, [100, 120, 110]),
      contenderOf('nginx-tls', 64, [20, 22, 24]),
      contenderOf('nginx-plain', 1, [50, 50]),
      contenderOf('nginx-plain', 64, [11, 11, 11]),
    ],
    'http',
  )

  test('has the documented members for us', () => {
    assert.deepEqual(reports[0], {
      case: 'hbone-hbone-1x64',
      proxy: 'fairway',
      topology: 'HBONE with HTTP/1.1 in, HBONE with HTTP/1.1 out',
      version: '1.2.3',
      connections: 1,
      destinations: 1,
      requestsPerSecond: 1000,
      latencyMs: { p50: 0.5, p99: 2 },
      paced: null,
      cpuMicrosPerRequest: { median: 11, min: 10, max: 12 },
      peakRssMb: 80.4,
      busy: { proxy: 0.9, generator: 0.5 },
      ratio: { nginxTls: 0.1, nginxPlain: null },
      ratioAtSameConcurrency: { nginxTls: 0.5, nginxPlain: 1 },
      pairRatio: { nginxTls: { median: 0.1, min: 0.1, max: 0.1 }, nginxPlain: null },
    })
  })

  test('survives JSON unchanged', () => assert.deepEqual(JSON.parse(JSON.stringify(reports)), reports))

  test('compares only us', () => {
    assert.deepEqual(
      reports.map((one) => one.ratio !== undefined),
      [true, false, false, false, false],
    )
  })
})

test('a proxy that could not be started is null in every figure, with the reason', () => {
  const missing: Contender = { ...contenderOf('haproxy', 1, []), proxy: undefined, why: 'haproxy is not installed' }
  assert.deepEqual(reportCase(busyPod, [missing], 'http')[0], {
    case: 'hbone-hbone-1x64',
    proxy: 'haproxy',
    requestsPerSecond: null,
    latencyMs: null,
    cpuMicrosPerRequest: null,
    peakRssMb: null,
    why: 'haproxy is not installed',
  })
})

test('a case without peers has no ratios', () => {
  const [report] = reportCase({ ...busyPod, peers: 'none' }, [contenderOf('fairway', 1, [10])], 'http')
  assert.equal(report?.ratio, undefined)
})

test('a proxy that failed on the way keeps its figures and says so', () => {
  const failing: Contender = { ...contenderOf('fairway', 1, [10]), why: '3 requests failed' }
  const [report] = reportCase(busyPod, [failing], 'http')
  assert.equal(report?.cpuMicrosPerRequest?.median, 10)
  assert.equal(report?.why, '3 requests failed')
})

test('of long bodies each MiB counts, those of requests that are not over too', () => {
  const run: Run = { ...madeRun({ cpuMicrosPerRequest: 6 }), bytes: 3000 * 2 ** 20 }
  const [report] = reportCase(
    { ...busyPod, unit: 'MiB' },
    [{ ...contenderOf('fairway', 1, []), runs: [run] }],
    'bodies',
  )
  assert.equal(report?.unit, 'MiB')
  assert.equal(report?.requestsPerSecond, 3000)
  assert.equal(report?.cpuMicrosPerRequest?.median, 2)
})

test('a peer that carries many requests on a connection is the same at both', () => {
  const [report] = reportCase(
    { ...busyPod, peers: 'multiplexed', maxRatio: 0.8 },
    [contenderOf('fairway', 1, [8]), { ...contenderOf('nginx-tls', 1, [16]), tunnels: 64 }],
    'grpc',
  )
  assert.deepEqual(report?.ratio, { nginxTls: 0.5, nginxPlain: null })
  assert.deepEqual(report?.ratioAtSameConcurrency, { nginxTls: 0.5, nginxPlain: null })
  assert.equal(report?.maxRatio, 0.8)
})

test('a case at a rate has the latencies of an open loop, and our p99 beside the peers of the same requests in flight', () => {
  const paced: MeshCase = { ...busyPod, peers: 'in-flight', ratePerSecond: 1000, maxRatio: 1.5, maxP99Ratio: 1.5 }
  const slow = { ...contenderOf('fairway', 1, []), runs: [{ ...madeRun({ cpuMicrosPerRequest: 90 }), p99Ms: 3 }] }
  const [report, peer] = reportCase(paced, [slow, contenderOf('nginx-tls', 64, [60])], 'http')
  assert.deepEqual([report?.latencyMs, report?.paced], [null, { ratePerSecond: 1000, latencyMs: { p50: 0.5, p99: 3 } }])
  assert.deepEqual(report?.p99Ratio, { nginxTls: 1.5, nginxPlain: null })
  assert.equal(peer?.p99Ratio, undefined)
  assert.deepEqual(
    ratioGoalsOf(report ?? missingCase('', '', '')).map((goal) => [goal.value, goal.atMost, verdictOf(goal)]),
    [
      [1.5, 1.5, 'met'],
      [1.5, 1.5, 'met'],
    ],
  )
})
