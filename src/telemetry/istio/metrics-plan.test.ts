import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeRecord } from '../../../test/support/exchange-records.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import {
  istioMetricNames,
  type IstioMetricName,
  type MetricsPolicy,
  type TagOverride,
} from '../../model/telemetry/metrics-policy.ts'
import { keepCounters, mergeDumps, type SeriesDump } from '../dump.ts'
import { renderMetrics } from '../render.ts'
import { IstioSeries } from './istio-series.ts'

type Told = Parameters<IstioSeries['add']>[1]

const remove = (name: string): TagOverride => ({ kind: 'remove', name })
const upsert = (name: string, expression: string): TagOverride => ({ kind: 'upsert', name, expression })

const change = (
  metrics: readonly IstioMetricName[],
  tags: readonly TagOverride[],
  isDisabled = false,
): MetricsPolicy => ({
  overrides: metrics.map((metric) => ({ metric, isDisabled, tags })),
})

const under = (metrics: MetricsPolicy, changes: Partial<ExchangeRecord> = {}): ExchangeRecord =>
  makeRecord({ ...changes, telemetry: { key: 'shop/a', metrics } })

const lines = async (series: readonly SeriesDump[], name: string): Promise<readonly string[]> => {
  const text = (await Array.fromAsync(renderMetrics({ series, scalars: [] }))).join('')
  return text.split('\n').filter((line) => line.startsWith(`${name}{`))
}

const countAll = async (table: IstioSeries): Promise<Readonly<Record<string, number>>> => {
  const text = (await Array.fromAsync(renderMetrics({ series: table.entries(), scalars: [] }))).join('')
  const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name)
  return Object.fromEntries(names.map((name) => [name, text.split(`\n${name}`).length - 1]))
}

const connection = { protocol: 'tcp', status: 0, requestBytes: 10, responseBytes: 20 } as const
const call = { protocol: 'grpc', grpcStatus: '0', messages: { request: 2, response: 3 } } as const

describe('a policy', () => {
  for (const metric of istioMetricNames) {
    it(`that disables ${metric} leaves out this one`, async () => {
      const policy = change([metric], [], true)
      const table = new IstioSeries(100)
      for (const changes of [{}, call, connection]) table.add(under(policy, changes))
      const names = Object.keys(await countAll(table))
      assert.equal(names.length, istioMetricNames.length - 1, names.join())
    })
  }

  it('that disables everything makes no series', () => {
    const policy = change(istioMetricNames, [], true)
    const table = new IstioSeries(100)
    for (const changes of [{}, call, connection]) table.add(under(policy, changes))
    assert.deepEqual([table.size, table.entries()], [0, []])
  })

  it('takes a label away, so that what differs in it is counted together', async () => {
    const table = new IstioSeries(100)
    const policy = change(['REQUEST_COUNT'], [remove('response_code')])
    for (const status of [200, 404, 503]) table.add(under(policy, { status }))
    const counted = await lines(table.entries(), 'istio_requests_total')
    assert.equal(counted.length, 1)
    assert.match(counted[0] ?? '', /grpc_response_status="",response_flags.* 3$/)
    assert.doesNotMatch(counted[0] ?? '', /response_code=/)
    const sizes = await lines(table.entries(), 'istio_request_bytes_count')
    assert.deepEqual(
      sizes.map((line) => /response_code="(.*?)"/.exec(line)?.[1]),
      ['200', '404', '503'],
    )
  })

  it('puts another value in the place of one, and new labels behind, sorted', async () => {
    const table = new IstioSeries(100)
    const tags = [
      upsert('a_path', 'request.url_path'),
      upsert('destination_app', "'fixed'"),
      upsert('host', "request.headers['x-tenant']"),
    ]
    const exchange: Told = undefined
    const policy = change(istioMetricNames, tags)
    for (const path of ['/a', '/a?b=1', '/c']) table.add(under(policy, { path }), exchange)
    const counted = await lines(table.entries(), 'istio_requests_total')
    assert.equal(counted.length, 2)
    assert.match(counted[0] ?? '', /destination_app="fixed",destination_version=.*,a_path="\/a",host="unknown"\} 2$/)
    assert.match(counted[1] ?? '', /,a_path="\/c",host="unknown"\} 1$/)
  })

  it('has labels of messages and connections in its say', async () => {
    const table = new IstioSeries(100)
    const policy = change(istioMetricNames, [upsert('port', 'string(destination.port)'), remove('source_principal')])
    table.note(under(policy, call))
    table.add(under(policy, connection))
    for (const name of ['istio_request_messages_total', 'istio_tcp_received_bytes_total']) {
      const [line = ''] = await lines(table.entries(), name)
      assert.match(line, /,port="80"\} (?:2|10)$/)
      assert.doesNotMatch(line, /source_principal/)
    }
  })

  it('gives a value to one of Istio’s labels only where metrics have it', async () => {
    const table = new IstioSeries(100)
    const policy = change(istioMetricNames, [upsert('response_code', "'x'"), upsert('mine', "'y'")])
    for (const changes of [{}, call, connection]) table.add(under(policy, changes))
    const labelled = async (name: string): Promise<readonly boolean[]> => {
      const [line = ''] = await lines(table.entries(), name)
      return [line.includes('response_code="x"'), line.includes('mine="y"')]
    }
    assert.deepEqual(await labelled('istio_requests_total'), [true, true])
    assert.deepEqual(await labelled('istio_tcp_received_bytes_total'), [false, true])
    assert.deepEqual(await labelled('istio_request_messages_total'), [false, true])
  })

  it('shows no secret of a path', async () => {
    const table = new IstioSeries(100)
    table.add(under(change(['REQUEST_COUNT'], [upsert('path', 'request.path')]), { path: '/a?token=abcdefgh' }))
    assert.match((await lines(table.entries(), 'istio_requests_total'))[0] ?? '', /path="\/a\?token=\(hidden\)"/)
  })

  it('of one Service says nothing of another’s, though they share source and endpoint', async () => {
    const table = new IstioSeries(100)
    const policy = change(['REQUEST_COUNT'], [remove('response_code')])
    const plain = makeRecord()
    for (let i = 0; i < 3; i++) {
      table.add(under(policy))
      table.add(plain)
    }
    const counted = await lines(table.entries(), 'istio_requests_total')
    assert.deepEqual(
      counted.map((line) => [line.includes('response_code='), line.endsWith(' 3')]),
      [
        [false, true],
        [true, true],
      ],
    )
  })

  it('adds no series beyond the cap, whatever a million values say', () => {
    const table = new IstioSeries(50)
    const policy = change(istioMetricNames, [upsert('path', 'request.path')])
    for (let i = 0; i < 5000; i++) table.add(under(policy, { path: `/${i}` }))
    assert.equal(table.size, 51)
    assert.equal(table.overflowed > 4000, true)
    assert.doesNotMatch(table.entries().at(-1)?.labels ?? 'path', /path/)
  })

  it('tells metrics of workers apart as it does in one', async () => {
    const [one, other] = [new IstioSeries(10), new IstioSeries(10)]
    one.add(under(change(['REQUEST_DURATION'], [], true)))
    other.add(under(change(['REQUEST_SIZE'], [], true)))
    const { series } = mergeDumps([
      { series: one.entries(), scalars: [] },
      { series: other.entries(), scalars: [] },
    ])
    assert.equal((await lines(series, 'istio_requests_total'))[0]?.endsWith(' 2'), true)
    assert.equal((await lines(series, 'istio_request_bytes_count'))[0]?.endsWith(' 1'), true)
    assert.equal(
      (
        await lines(
          mergeDumps([{ series: one.entries(), scalars: [] }]).series,
          'istio_request_duration_milliseconds_count',
        )
      ).length,
      0,
    )
  })

  it('that counts no opened connections loses no closed one with a worker', () => {
    const table = new IstioSeries(10)
    table.add(under(change(['TCP_OPENED_CONNECTIONS'], [], true), connection))
    const { series } = keepCounters(undefined, [{ series: table.entries(), scalars: [] }])
    assert.deepEqual(
      series.map(({ values }) => [values[0], values[1]]),
      [[0, 1]],
    )
  })
})
