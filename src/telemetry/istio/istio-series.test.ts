import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { apiService, canaryEndpoint, knownSource, makeRecord } from '../../../test/support/exchange-records.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { keepCounters } from '../dump.ts'
import { renderMetrics } from '../render.ts'
import { istioBounds } from './histogram.ts'
import { IstioSeries, requestValues } from './istio-series.ts'
import { tcpValues } from './tcp-values.ts'

const counts = (table: IstioSeries): number[] => table.entries().map(({ values }) => values[requestValues.count] ?? 0)

test('records with the same labels share a series, whichever objects carry them', () => {
  const table = new IstioSeries(100)
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
  const table = new IstioSeries(100)
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
  const table = new IstioSeries(100)
  for (let change = 0; change < 30; change++) {
    for (const name of ['a', 'b', 'c']) table.add(makeRecord({ backend: { ...apiService, name } }))
  }
  assert.deepEqual(counts(table), [30, 30, 30])
})

test('outcomes that take turns are counted apart', () => {
  const table = new IstioSeries(100)
  for (let i = 0; i < 9; i++) table.add(makeRecord({ status: i % 3 === 0 ? 404 : 200 }))
  assert.deepEqual(counts(table), [3, 6])
})

test('durations fall into the bucket whose bound they do not exceed', () => {
  const table = new IstioSeries(100)
  const durations = [0, 0.5, 0.51, 1, 3_600_000, 3_600_001]
  for (const durationMs of durations) table.add(makeRecord({ durationMs }))
  const values = Array.from(table.entries()[0]?.values ?? []).slice(
    requestValues.durationMs,
    requestValues.requestBytes,
  )
  assert.deepEqual(values.slice(0, 3), [2, 2, 0])
  assert.deepEqual(values.slice(istioBounds.length - 1, -1), [1, 1])
  assert.equal(
    values.at(-1),
    durations.reduce((sum, value) => sum + value),
  )
})

test('what was switched to another protocol is counted and not timed', async () => {
  const table = new IstioSeries(100)
  table.add(makeRecord({ status: 101, durationMs: 5 }))
  table.add(makeRecord({ status: 101, durationMs: 3_600_000, upgrade: 'websocket' }))
  const text = (await Array.fromAsync(renderMetrics({ series: table.entries(), scalars: [] }))).join('')
  assert.match(text, /^istio_requests_total\{.*\} 2$/m)
  assert.match(text, /^istio_request_duration_milliseconds_count\{.*\} 1$/m)
  assert.match(text, /^istio_request_bytes_count\{.*\} 2$/m)
})

test('a full table counts new series in one of unknowns, and old ones as before', () => {
  const table = new IstioSeries(2)
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
  const table = new IstioSeries(1000)
  for (let i = 0; i < 5000; i++) table.add(makeRecord({ protocol: 'grpc', grpcStatus: `evil-${i}` }))
  assert.deepEqual(counts(table), [5000])
})

/** What there is of one metric: values by the labels that tell its series apart. */
const read = async (table: IstioSeries, name: string, label = 'response_flags'): Promise<Record<string, number>> => {
  const text = (await Array.fromAsync(renderMetrics({ series: table.entries(), scalars: [] }))).join('')
  const lines = [...text.matchAll(new RegExp(`^${name}\\{(.*)\\} (.*)$`, 'gm'))]
  const sums: Record<string, number> = {}
  for (const [, labels = '', value] of lines) {
    const key = new RegExp(`${label}="(.*?)"`).exec(labels)?.[1] ?? ''
    sums[key] = (sums[key] ?? 0) + Number(value)
  }
  return sums
}

describe('sizes', () => {
  it('are counted in both directions', async () => {
    const table = new IstioSeries(100)
    table.add(makeRecord({ requestBytes: 100, responseBytes: 4000 }))
    table.add(makeRecord({ requestBytes: 150, responseBytes: 90 }))
    assert.deepEqual(await read(table, 'istio_request_bytes_sum'), { '-': 250 })
    assert.deepEqual(await read(table, 'istio_response_bytes_sum'), { '-': 4090 })
    const buckets = await read(table, 'istio_response_bytes_bucket', 'le')
    assert.deepEqual([buckets['50'], buckets['100'], buckets['2500'], buckets['5000']], [0, 1, 1, 2])
  })
})

describe('messages of gRPC calls', () => {
  it('are counted while a call goes on, and each once', async () => {
    const table = new IstioSeries(100)
    const record = makeRecord({ protocol: 'grpc', grpcStatus: '', status: 0, messages: { request: 2, response: 0 } })
    table.note(record)
    assert.deepEqual(await read(table, 'istio_request_messages_total', 'reporter'), { waypoint: 2 })
    assert.deepEqual(await read(table, 'istio_requests_total'), {})
    record.messages = { request: 3, response: 7 }
    table.note(record)
    record.messages = { request: 3, response: 9 }
    Object.assign(record, { grpcStatus: '0', status: 200 })
    table.add(record)
    assert.deepEqual(await read(table, 'istio_request_messages_total', 'reporter'), { waypoint: 3 })
    assert.deepEqual(await read(table, 'istio_response_messages_total', 'reporter'), { waypoint: 9 })
    assert.deepEqual(await read(table, 'istio_requests_total', 'grpc_response_status'), { 0: 1 })
  })

  it('are those of nobody else', async () => {
    const table = new IstioSeries(100)
    table.add(makeRecord({ messages: { request: 2, response: 2 } }))
    assert.deepEqual(await read(table, 'istio_request_messages_total'), {})
  })
})

describe('TCP connections', () => {
  const begin = () => makeRecord({ protocol: 'tcp', requestBytes: 0, responseBytes: 0 })

  it('are opened once, and their bytes counted while they last', async () => {
    const table = new IstioSeries(100)
    const record = begin()
    table.note(record)
    Object.assign(record, { requestBytes: 10, responseBytes: 1000 })
    table.note(record)
    assert.deepEqual(await read(table, 'istio_tcp_connections_opened_total'), { '-': 1 })
    assert.deepEqual(await read(table, 'istio_tcp_connections_closed_total'), { '-': 0 })
    assert.deepEqual(await read(table, 'istio_tcp_received_bytes_total'), { '-': 10 })
    Object.assign(record, { requestBytes: 15, responseBytes: 1500 })
    table.add(record)
    assert.deepEqual(await read(table, 'istio_tcp_connections_closed_total'), { '-': 1 })
    assert.deepEqual(await read(table, 'istio_tcp_connections_opened_total'), { '-': 1 })
    assert.deepEqual(await read(table, 'istio_tcp_received_bytes_total'), { '-': 15 })
    assert.deepEqual(await read(table, 'istio_tcp_sent_bytes_total'), { '-': 1500 })
  })

  it('end in the label set that they began in, with only the rest of their bytes', async () => {
    const table = new IstioSeries(100)
    const record = begin()
    Object.assign(record, { requestBytes: 10 })
    table.note(record)
    Object.assign(record, { requestBytes: 30, flags: 'UC' })
    table.add(record)
    assert.deepEqual(await read(table, 'istio_tcp_connections_opened_total'), { '-': 1 })
    assert.deepEqual(await read(table, 'istio_tcp_connections_closed_total'), { '-': 1 })
    assert.deepEqual(await read(table, 'istio_tcp_received_bytes_total'), { '-': 30 })
  })

  it('have the labels of a policy from when they began', () => {
    const tag = { kind: 'upsert', name: 'flags', expression: 'response.flags_text' } as const
    const metrics = { overrides: [{ metric: 'TCP_CLOSED_CONNECTIONS', isDisabled: false, tags: [tag] }] } as const
    const table = new IstioSeries(100)
    const record = makeRecord({ protocol: 'tcp', telemetry: { key: 'shop/a', metrics } })
    table.note(record)
    const before = table.size
    record.flags = 'UC'
    table.add(record)
    assert.equal(table.size, before)
  })

  it('that ended before their worker do not count less when it has ended', () => {
    const table = new IstioSeries(100)
    for (const flags of ['UC', 'DC', '-']) {
      const record = begin()
      table.note(record)
      record.flags = flags
      table.add(record)
    }
    table.note(begin())
    const counted = table.entries()
    const { series } = keepCounters(undefined, [{ series: counted, scalars: [] }])
    for (const [at, { values }] of series.entries()) {
      for (const [place, value] of Array.from(values).entries()) {
        assert.ok(value >= (counted[at]?.values[place] ?? 0), `${counted[at]?.labels} ${place}`)
      }
    }
    const sum = (place: number): number => series.reduce((all, { values }) => all + (values[place] ?? 0), 0)
    assert.deepEqual([sum(tcpValues.opened), sum(tcpValues.closed)], [4, 4])
  })

  it('that nobody was told of before are opened and closed at once', async () => {
    const table = new IstioSeries(100)
    table.add(makeRecord({ protocol: 'tcp', flags: 'UF', endpoint: undefined }))
    assert.deepEqual(await read(table, 'istio_tcp_connections_opened_total'), { UF: 1 })
    assert.deepEqual(await read(table, 'istio_tcp_connections_closed_total'), { UF: 1 })
  })
})

test('there are only so many label sets, of all metrics together', async () => {
  const table = new IstioSeries(10)
  for (let i = 0; i < 1000; i++) {
    const source = { ...knownSource, workload: `w${i}` }
    table.add(makeRecord({ source }))
    table.add(makeRecord({ source, protocol: 'tcp' }))
    table.add(makeRecord({ source, protocol: 'grpc', messages: { request: 1, response: 1 } }))
  }
  // One more of each kind takes the rest, and requests of gRPC share theirs with the others.
  assert.equal(table.size, 13)
  const requests = await read(table, 'istio_requests_total', 'source_workload')
  const connections = await read(table, 'istio_tcp_connections_opened_total', 'source_workload')
  const sum = (values: Record<string, number>): number => Object.values(values).reduce((all, value) => all + value, 0)
  assert.deepEqual([sum(requests), sum(connections)], [2000, 1000])
})

test('a million paths and hosts, and thousands of identities, make no label set beyond those', () => {
  const cap = 50
  const table = new IstioSeries(cap)
  const usual = makeRecord()
  for (let i = 0; i < 1_000_000; i++) {
    const isNew = i % 100 === 0
    const principal = formatSpiffeId({ trustDomain: 'cluster.local', namespace: `n${i}`, serviceAccount: 's' })
    const source = isNew ? { ...knownSource, principal, namespace: `n${i}` } : knownSource
    table.add({ ...usual, source, path: `/p/${i}`, authority: `h${i}.example`, userAgent: `a${i}`, requestId: `${i}` })
  }
  assert.equal(table.size, cap + 1)
  assert.equal(
    counts(table).reduce((sum, count) => sum + count),
    1_000_000,
  )
})
