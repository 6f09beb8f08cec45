import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Histogram, Registry } from 'prom-client'
import { knownSource, makeRecord, traceOf } from '../../test/support/exchange-records.ts'
import { parseMetrics, type MetricsPage } from '../../test/support/exposition/prometheus-text.ts'
import { Counters } from '../proxy/counters.ts'
import { dumpPage, keepCounters, mergeDumps, mergeInParts, type MetricsDump } from './dump.ts'
import { istioLabels } from './labels.ts'
import type { ProcessReadings } from './process-readings.ts'
import { renderMetrics } from './render.ts'
import { istioBounds } from './istio/histogram.ts'
import { createTelemetry } from './telemetry.ts'

const stillProcess: ProcessReadings = {
  read: () => ({
    cpuSeconds: 1.5,
    residentBytes: 80e6,
    heapUsedBytes: 20e6,
    startTimeSeconds: 1_700_000_000,
    loopDelay: { p50: 0.001, p99: 0.004, max: 0.0125 },
  }),
  close: () => {},
}

const start = (changes: { readonly maxSeries?: number } = {}) => {
  const counters = new Counters()
  const telemetry = createTelemetry({ counters, version: '0.1.0', process: stillProcess, ...changes })
  return { counters, telemetry }
}

const render = async (dump: MetricsDump): Promise<string> => (await Array.fromAsync(renderMetrics(dump))).join('')

const valueOf = (page: MetricsPage, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
  page.samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value

test('the request metrics are written exactly as prom-client writes them', async () => {
  const { telemetry } = start()
  const evil = { ...knownSource, app: 'a"\\\nb' }
  const records = [
    makeRecord(),
    makeRecord({ durationMs: 0.25 }),
    makeRecord({ durationMs: 4_000_000, source: evil }),
    makeRecord({ status: 503, flags: 'UF', endpoint: undefined }),
  ]
  const registry = new Registry()
  const labelNames = istioLabels({ ...makeRecord(), service: makeRecord().destination }).map(([name]) => name)
  const requests = new Counter({
    name: 'istio_requests_total',
    help: 'Requests, counted when they end',
    labelNames,
    registers: [registry],
  })
  const histograms = [
    [
      'istio_request_duration_milliseconds',
      'Duration of requests in milliseconds, but those that became something else (WebSocket)',
      'durationMs',
    ],
    ['istio_request_bytes', 'Sizes of requests in bytes, heads included', 'requestBytes'],
    ['istio_response_bytes', 'Sizes of responses in bytes, heads included', 'responseBytes'],
  ] as const
  const made = histograms.map(([name, help, field]) => {
    const histogram = new Histogram({ name, help, labelNames, buckets: [...istioBounds], registers: [registry] })
    return { histogram, field }
  })
  for (const record of records) {
    telemetry.record(record)
    const labels = Object.fromEntries(istioLabels({ ...record, service: record.backend ?? record.destination }))
    requests.inc(labels)
    for (const { histogram, field } of made) histogram.observe(labels, record[field])
  }
  const ours = await render({ ...telemetry.dump(), scalars: [] })
  assert.deepEqual(ours.trim().split('\n').toSorted(), reorderLe(await registry.metrics()).toSorted())
})

/** prom-client writes `le` before the other labels; the order of labels has no meaning. */
const reorderLe = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/\{(le="[^"]*"),(.*)\} /, '{$2,$1} '))

test('the whole page is well-formed, and buckets add up', async () => {
  const { counters, telemetry } = start()
  counters.openTunnels = 3
  counters.connectRefused.unboundAuthority = 2
  telemetry.observeConfig({ generation: 12, issues: 1 })
  for (let status = 200; status < 300; status++) telemetry.record(makeRecord({ status, durationMs: status }))
  const page = parseMetrics(await render(telemetry.dump()))
  assert.equal(valueOf(page, 'fairway_tunnels_open'), 3)
  assert.equal(valueOf(page, 'fairway_connect_refused_total', { reason: 'unbound_authority' }), 2)
  assert.equal(valueOf(page, 'fairway_connect_refused_total', { reason: 'not_connect' }), 0)
  assert.equal(valueOf(page, 'fairway_config_generation'), 12)
  assert.equal(valueOf(page, 'fairway_config_issues'), 1)
  assert.equal(valueOf(page, 'istio_build', { component: 'proxy', tag: '0.1.0' }), 1)
  assert.equal(valueOf(page, 'process_cpu_seconds_total'), 1.5)
  assert.equal(valueOf(page, 'nodejs_eventloop_lag_max_seconds'), 0.0125)
  assert.equal(page.types.get('istio_requests_total'), 'counter')
  assert.equal(page.types.get('istio_request_duration_milliseconds'), 'histogram')
  assert.equal(page.samples.filter(({ name }) => name === 'istio_requests_total').length, 100)
  const labels = { response_code: '250' }
  const buckets = page.samples.filter(
    ({ name, labels: { response_code: code } }) =>
      name === 'istio_request_duration_milliseconds_bucket' && code === '250',
  )
  assert.deepEqual(
    buckets.map(({ value }) => value),
    istioBounds.map((bound) => (bound >= 250 ? 1 : 0)).concat(1),
  )
  assert.equal(valueOf(page, 'istio_request_duration_milliseconds_count', labels), 1)
  assert.equal(valueOf(page, 'istio_request_duration_milliseconds_sum', labels), 250)
})

test('a page without traffic is well-formed', async () => {
  const page = parseMetrics(await render(start().telemetry.dump()))
  assert.equal(valueOf(page, 'fairway_connections_total'), 0)
})

test('a large page lets the event loop run between slices', async () => {
  const { telemetry } = start()
  for (let i = 0; i < 640; i++) telemetry.record(makeRecord({ source: { ...knownSource, workload: `w${i}` } }))
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const slices = await Array.fromAsync(renderMetrics(telemetry.dump()))
  isOver = true
  assert.ok(turns >= 40, `${turns} turns`)
  assert.ok(Math.max(...slices.map((slice) => slice.length)) < 1_000_000)
})

test('TCP connections are no requests', async () => {
  const { telemetry } = start()
  telemetry.record(makeRecord({ protocol: 'tcp' }))
  const page = parseMetrics(await render(telemetry.dump()))
  assert.equal(valueOf(page, 'istio_requests_total'), undefined)
  assert.equal(valueOf(page, 'istio_tcp_connections_closed_total', { request_protocol: 'tcp' }), 1)
})

test('a dump survives JSON', () => {
  const { telemetry } = start()
  telemetry.record(makeRecord())
  const dump = telemetry.dump()
  assert.deepEqual(JSON.parse(JSON.stringify(dump)), dump)
})

test('workers are merged: series and totals add up, generations take the oldest, delays the worst', async () => {
  const [a, b] = [start(), start()]
  a.telemetry.record(makeRecord({ durationMs: 1 }))
  b.telemetry.record(makeRecord({ durationMs: 700 }))
  b.telemetry.record(makeRecord({ status: 404 }))
  a.counters.tunnelsTotal = 5
  b.counters.tunnelsTotal = 6
  a.counters.connectRefused.selfCall = 1
  a.telemetry.observeConfig({ generation: 8, issues: 0 })
  b.telemetry.observeConfig({ generation: 7, issues: 2 })
  const before = JSON.stringify(a.telemetry.dump())
  const merged = mergeDumps([
    JSON.parse(before),
    b.telemetry.dump(),
    { series: [], scalars: [{ name: 'new', value: 1 }] },
  ])
  const page = parseMetrics(await render(merged))
  assert.equal(valueOf(page, 'istio_requests_total', { response_code: '200' }), 2)
  assert.equal(valueOf(page, 'istio_requests_total', { response_code: '404' }), 1)
  assert.equal(valueOf(page, 'istio_request_duration_milliseconds_sum', { response_code: '200' }), 701)
  assert.equal(valueOf(page, 'fairway_tunnels_total'), 11)
  assert.equal(valueOf(page, 'fairway_connect_refused_total', { reason: 'self_call' }), 1)
  assert.equal(valueOf(page, 'fairway_config_generation'), 7)
  assert.equal(valueOf(page, 'fairway_config_issues'), 2)
  assert.equal(valueOf(page, 'process_resident_memory_bytes'), 160e6)
  assert.equal(valueOf(page, 'nodejs_eventloop_lag_p99_seconds'), 0.004)
  assert.equal(valueOf(page, 'istio_build'), 1)
  assert.equal(JSON.stringify(a.telemetry.dump()), before)
})

test('a dump in parts is the whole, and what is live is the same without a copy', async () => {
  const { telemetry } = start()
  for (let i = 0; i < 250; i++) {
    const source = { ...knownSource, workload: `w${i}` }
    telemetry.record(makeRecord({ source, trace: i === 3 ? traceOf('a') : undefined }))
  }
  const whole = telemetry.dump()
  const parts: MetricsDump[] = []
  for (let from: number | undefined = 0; from !== undefined;) {
    const page = dumpPage(from, telemetry.dump)
    assert.ok(page.dump.series.length <= 100)
    parts.push(JSON.parse(JSON.stringify(page.dump)))
    from = page.next
  }
  assert.equal(parts.length, 3)
  assert.deepEqual(await mergeInParts(parts), mergeDumps(parts))
  assert.deepEqual((await mergeInParts(parts)).series, whole.series)
  const live = telemetry.live()
  const page = await render(live)
  assert.equal(page, await render({ ...whole, scalars: live.scalars }))
  const twice = mergeDumps([live, { ...whole, scalars: [] }])
  telemetry.record(makeRecord({ source: { ...knownSource, workload: 'w0' } }))
  assert.deepEqual([live.series[0]?.values[0], twice.series[0]?.values[0], whole.series[0]?.values[0]], [2, 2, 1])
})

test('of processes that have ended every total stays, their connections are closed, and gauges are gone', async () => {
  const [a, b] = [start(), start()]
  const open = makeRecord({ protocol: 'tcp', requestBytes: 7 })
  for (const one of [a, b]) {
    one.telemetry.record(makeRecord({ durationMs: 3 }))
    one.telemetry.progress(open)
    one.counters.tunnelsTotal = 5
    one.counters.openTunnels = 2
  }
  const before = JSON.stringify(a.telemetry.dump())
  const once = keepCounters(undefined, [a.telemetry.dump()])
  const page = parseMetrics(await render(mergeDumps([keepCounters(once, [b.telemetry.dump()]), a.telemetry.dump()])))
  assert.equal(valueOf(page, 'istio_requests_total'), 3)
  assert.equal(valueOf(page, 'istio_request_duration_milliseconds_sum'), 9)
  assert.equal(valueOf(page, 'istio_tcp_connections_opened_total'), 3)
  assert.equal(valueOf(page, 'istio_tcp_connections_closed_total'), 2, 'that of a lives')
  assert.equal(valueOf(page, 'istio_tcp_received_bytes_total'), 21)
  assert.equal(valueOf(page, 'fairway_tunnels_total'), 15)
  assert.equal(valueOf(page, 'process_cpu_seconds_total'), 4.5)
  assert.equal(valueOf(page, 'fairway_tunnels_open'), 2)
  assert.equal(valueOf(page, 'process_resident_memory_bytes'), 80e6)
  assert.equal(JSON.stringify(a.telemetry.dump()), before)
})

test('processes that have ended leave no more label sets than one may have', async () => {
  let kept: MetricsDump | undefined
  for (let died = 0; died < 3; died++) {
    const { telemetry } = start()
    for (const workload of ['same', `a${died}`, `b${died}"\\`])
      telemetry.record(makeRecord({ source: { ...knownSource, workload } }))
    kept = keepCounters(kept, [telemetry.dump()], 4)
  }
  assert.ok(kept !== undefined)
  assert.equal(kept.series.length, 5)
  const page = parseMetrics(await render(kept))
  assert.equal(valueOf(page, 'istio_requests_total', { source_workload: 'same' }), 3)
  assert.equal(valueOf(page, 'istio_requests_total', { source_workload: 'unknown', reporter: 'waypoint' }), 3)
})

test('nothing to merge is an empty dump', () => {
  assert.deepEqual(mergeDumps([]), { series: [], scalars: [], filters: [] })
})

test('the process reads itself', () => {
  const telemetry = createTelemetry({ counters: new Counters(), version: 'x' })
  const scalars = new Map(telemetry.dump().scalars.map(({ name, value }) => [name, value]))
  telemetry.close()
  assert.ok((scalars.get('process_resident_memory_bytes') ?? 0) > 1e6)
  assert.ok((scalars.get('process_cpu_seconds_total') ?? 0) > 0)
  assert.ok((scalars.get('nodejs_eventloop_lag_p50_seconds') ?? -1) >= 0)
})
