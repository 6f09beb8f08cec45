import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiService, canaryEndpoint, knownSource, makeRecord } from '../../test/support/exchange-records.ts'
import { renderMetrics } from './render.ts'
import { durationBoundsMs, SeriesTable, SERIES_LENGTH } from './series-table.ts'

const counts = (table: SeriesTable): number[] =>
  table.entries().map(({ values }) => values.toSpliced(-2, 1).reduce((sum, value) => sum + value, 0))

test('records with the same labels share a series, whichever objects carry them', () => {
  const table = new SeriesTable(100)
  table.add(makeRecord())
  table.add(makeRecord())
  table.add(
    makeRecord({
      source: { ...knownSource, address: '10.9.9.9:1' },
      endpoint: { ...canaryEndpoint, address: '10.0.3.8' },
    }),
  )
  assert.deepEqual(counts(table), [3])
})

test('what differs in a label makes a series', () => {
  const table = new SeriesTable(100)
  const variants = [
    {},
    { status: 503 },
    { status: 503, flags: 'UF' },
    { protocol: 'grpc', grpcStatus: '0' },
    { protocol: 'grpc', grpcStatus: '14' },
    { endpoint: undefined },
    { backend: undefined },
    { backend: undefined, destination: { ...apiService, name: 'other' } },
    { source: { ...knownSource, workload: 'other' } },
  ] as const
  for (const variant of variants) table.add(makeRecord(variant))
  for (const variant of variants) table.add(makeRecord(variant))
  assert.deepEqual(
    counts(table),
    variants.map(() => 2),
  )
})

test('an endpoint of many Services, each a new object after every change, is counted under the right one', () => {
  const table = new SeriesTable(100)
  for (let change = 0; change < 30; change++) {
    for (const name of ['a', 'b', 'c']) table.add(makeRecord({ backend: { ...apiService, name } }))
  }
  assert.deepEqual(counts(table), [30, 30, 30])
})

test('outcomes that take turns are counted apart', () => {
  const table = new SeriesTable(100)
  for (let i = 0; i < 9; i++) table.add(makeRecord({ status: i % 3 === 0 ? 404 : 200 }))
  assert.deepEqual(counts(table), [3, 6])
})

test('durations fall into the bucket whose bound they do not exceed', () => {
  const table = new SeriesTable(100)
  const durations = [0, 0.5, 0.51, 1, 3_600_000, 3_600_001]
  for (const durationMs of durations) table.add(makeRecord({ durationMs }))
  const values = table.entries()[0]?.values ?? []
  assert.equal(values.length, SERIES_LENGTH)
  assert.deepEqual(values.slice(0, 3), [2, 2, 0])
  assert.deepEqual(values.slice(durationBoundsMs.length - 1, -2), [1, 1])
  assert.equal(
    values.at(-2),
    durations.reduce((sum, value) => sum + value),
  )
})

test('what was switched to another protocol is counted and not timed', async () => {
  const table = new SeriesTable(100)
  table.add(makeRecord({ status: 101, durationMs: 5 }))
  table.add(makeRecord({ status: 101, durationMs: 3_600_000, upgrade: 'websocket' }))
  const [series] = table.entries()
  assert.deepEqual(series?.values.slice(-2), [5, 1])
  const text = (await Array.fromAsync(renderMetrics({ series: table.entries(), scalars: [] }))).join('')
  assert.match(text, /^istio_requests_total\{.*\} 2$/m)
  assert.match(text, /^istio_request_duration_milliseconds_count\{.*\} 1$/m)
})

test('a full table counts new series in one of unknowns, and old ones as before', () => {
  const table = new SeriesTable(2)
  table.add(makeRecord())
  table.add(makeRecord({ status: 404 }))
  for (const status of [500, 501, 502]) table.add(makeRecord({ status }))
  table.add(makeRecord())
  assert.equal(table.size, 3)
  assert.deepEqual(counts(table), [2, 1, 3])
  assert.equal(table.overflowed, 3)
  const labels = table.entries()[2]?.labels ?? ''
  assert.match(labels, /^reporter="waypoint",source_workload="unknown",/)
  assert.equal(labels.match(/="unknown"/g)?.length, 24)
})

test('invented gRPC statuses make neither series nor an endless cache', () => {
  const table = new SeriesTable(1000)
  for (let i = 0; i < 5000; i++) table.add(makeRecord({ protocol: 'grpc', grpcStatus: `evil-${i}` }))
  assert.deepEqual(counts(table), [5000])
})
