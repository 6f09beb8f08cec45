import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { knownSource, makeRecord, traceOf } from '../../../test/support/exchange-records.ts'
import {
  parseOpenMetrics,
  type OpenMetricsFamily,
  type OpenMetricsSample,
} from '../../../test/support/exposition/openmetrics-text.ts'
import { parseMetrics } from '../../../test/support/exposition/prometheus-text.ts'
import { FilterMetrics } from '../../filter/env/filter-metrics.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import { Counters } from '../../proxy/counters.ts'
import { createControllerMetrics } from '../controller/controller-metrics.ts'
import { mergeDumps, type MetricsDump } from '../dump.ts'
import { renderMetrics } from '../render.ts'
import { createTelemetry } from '../telemetry.ts'
import { formatBounds } from './histogram-lines.ts'
import { chooseFormat, openMetricsFormat, prometheusFormat, type MetricsFormat } from './metrics-format.ts'

const render = async (dump: MetricsDump, format: MetricsFormat): Promise<string> =>
  (await Array.fromAsync(renderMetrics(dump, format))).join('')

const dumpOf = (records: readonly ExchangeRecord[], filterMetrics = new FilterMetrics()): MetricsDump => {
  const telemetry = createTelemetry({ counters: new Counters(), version: '0.1.0', filterMetrics })
  for (const record of records) telemetry.record(record)
  const dump = telemetry.dump()
  telemetry.close()
  return dump
}

describe('the format of a page', () => {
  const draft = 'application/openmetrics-text; version=0.0.1; charset=utf-8'
  const cases: readonly (readonly [who: string, accept: string | undefined, contentType: string])[] = [
    ['nobody in particular', undefined, prometheusFormat.contentType],
    ['curl', '*/*', prometheusFormat.contentType],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', prometheusFormat.contentType],
    [
      'Prometheus 3',
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      openMetricsFormat.contentType,
    ],
    [
      'Prometheus 3 that wants native histograms',
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.2',
      openMetricsFormat.contentType,
    ],
    [
      'Prometheus 2',
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      openMetricsFormat.contentType,
    ],
    [
      'an old Prometheus 2',
      'application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      draft,
    ],
    ['one that says no version', 'application/openmetrics-text', openMetricsFormat.contentType],
    ['one in capitals', 'Application/OpenMetrics-Text; Version="1.0.0"', openMetricsFormat.contentType],
    ['one that likes text better', 'application/openmetrics-text;q=0.2, text/plain', prometheusFormat.contentType],
    ['one that forbids it', 'application/openmetrics-text;q=0, */*', prometheusFormat.contentType],
    ['one from the future', 'application/openmetrics-text;version=2.0.0', prometheusFormat.contentType],
    ['nonsense', ';;q=,=,,application/openmetrics-text;q=nan', prometheusFormat.contentType],
  ]
  for (const [who, accept, contentType] of cases) {
    it(`suits ${who}`, () => assert.equal(chooseFormat(accept).contentType, contentType))
  }
})

describe('OpenMetrics', () => {
  const all = [
    makeRecord({ durationMs: 1 }),
    makeRecord({ durationMs: 4_000_000, source: { ...knownSource, app: 'a"\\\nb' } }),
    makeRecord({ protocol: 'tcp' }),
    makeRecord({ protocol: 'grpc', grpcStatus: '0', messages: { request: 1, response: 2 } }),
  ]

  it('has the samples of the other format, under the same names', async () => {
    const metrics = new FilterMetrics()
    const scope = metrics.open('shop/a')
    const help = 'What a "filter" \\ counts\nin two lines'
    for (const name of ['hits_total', 'plain', 'logins', 'logins_total', 'size_total'])
      scope.counter(name, { help }).inc()
    scope.histogram('size', { help, buckets: [0.25, 1, 2_500_000] }).observe(0.5)
    const dump = dumpOf(all, metrics)
    const families = parseOpenMetrics(await render(dump, openMetricsFormat))
    const { samples } = parseMetrics(await render(dump, prometheusFormat))
    const asText = ({ name, labels: { le, ...labels }, value }: Omit<OpenMetricsSample, 'exemplar'>): string =>
      JSON.stringify([name, labels, le === undefined || le === '+Inf' ? le : Number(le), value])
    assert.deepEqual(
      [...families.values()]
        .flatMap((family) => family.samples)
        .map(asText)
        .toSorted(),
      samples.map(asText).toSorted(),
    )
    const typeOf = (name: string): string | undefined => families.get(`fairway_filter_${name}`)?.type
    assert.deepEqual(['hits', 'plain', 'logins', 'logins_total', 'size', 'size_total'].map(typeOf), [
      'counter',
      'unknown',
      'unknown',
      'unknown',
      'histogram',
      'unknown',
    ])
    assert.equal(families.get('istio_requests')?.type, 'counter')
    assert.equal(families.get('process_cpu_seconds')?.type, 'counter')
  })

  it('spells bounds as Go does', () => {
    assert.deepEqual(
      formatBounds([-2, 0, 0.000_01, 0.0001, 0.5, 1, 600_000, 1_000_000, 1_800_000, 3_600_000], openMetricsFormat),
      ['-2.0', '0.0', '1e-05', '0.0001', '0.5', '1.0', '600000.0', '1e+06', '1.8e+06', '3.6e+06', '+Inf'],
    )
  })

  it('of nothing is a page all the same, of a controller too', async () => {
    assert.equal(await render({ series: [], scalars: [] }, openMetricsFormat), '# EOF\n')
    const metrics = createControllerMetrics()
    for (const verb of ['apply', 'apply', 'delete']) metrics.count({ kind: 'Service', verb })
    const families = parseOpenMetrics(await metrics.render(undefined, openMetricsFormat))
    const text = await metrics.render(undefined, prometheusFormat)
    metrics.close()
    assert.deepEqual(
      families.get('fairway_controller_writes')?.samples.map(({ value }) => value),
      [2, 1],
    )
    assert.match(text, /^fairway_controller_writes_total\{kind="Service",verb="apply",result="ok"\} 2$/m)
  })
})

describe('exemplars', () => {
  const traced = (digit: string, changes: Partial<ExchangeRecord> = {}): ExchangeRecord =>
    makeRecord({ trace: traceOf(digit), durationMs: 3, requestBytes: 90, responseBytes: 400, ...changes })

  /** Trace and value by the sample's name and bound. */
  const read = (families: ReadonlyMap<string, OpenMetricsFamily>): Readonly<Record<string, string>> =>
    Object.fromEntries(
      [...families.values()].flatMap(({ samples }) =>
        samples.flatMap(({ name, labels, exemplar }) =>
          exemplar === undefined
            ? []
            : [[`${name} ${labels['le'] ?? ''}`.trim(), `${exemplar.labels['trace_id']?.[0]} ${exemplar.value}`]],
        ),
      ),
    )

  it('show a traced request of each bucket, which is a second old at most, and nobody else', async () => {
    const at = makeRecord().startedAtEpochMs
    const records = [
      traced('a', { startedAtEpochMs: at - 2000 }),
      traced('b', { startedAtEpochMs: at - 1000, durationMs: 4 }),
      traced('c', { durationMs: 70 }),
      traced('d', { durationMs: 71 }),
      makeRecord({ durationMs: 4 }),
    ]
    const families = parseOpenMetrics(await render(dumpOf(records), openMetricsFormat))
    assert.deepEqual(read(families), {
      istio_requests_total: 'c 1',
      'istio_request_duration_milliseconds_bucket 5.0': 'b 4',
      'istio_request_duration_milliseconds_bucket 100.0': 'c 70',
      'istio_request_bytes_bucket 100.0': 'c 90',
      'istio_response_bytes_bucket 500.0': 'c 400',
    })
    const exemplar = families.get('istio_requests')?.samples[0]?.exemplar
    assert.deepEqual(exemplar, {
      labels: { trace_id: 'c'.repeat(32), span_id: 'c'.repeat(16) },
      value: 1,
      timestamp: Date.UTC(2025, 0, 15, 12, 0, 0, 193) / 1000,
    })
  })

  it('are not for a format that has none', async () => {
    assert.doesNotMatch(await render(dumpOf([traced('a')]), prometheusFormat), /trace_id| # /)
  })

  it('show no duration of what was not timed', async () => {
    const families = parseOpenMetrics(
      await render(dumpOf([traced('a', { upgrade: 'websocket', status: 101 })]), openMetricsFormat),
    )
    assert.deepEqual(Object.keys(read(families)), [
      'istio_requests_total',
      'istio_request_bytes_bucket 100.0',
      'istio_response_bytes_bucket 500.0',
    ])
  })

  it('of several workers are the newest, and survive the way between them', async () => {
    const at = Date.UTC(2025, 0, 15)
    const dumps = [
      dumpOf([traced('a', { startedAtEpochMs: at + 9 }), traced('b', { startedAtEpochMs: at + 2000, durationMs: 70 })]),
      dumpOf([traced('c', { startedAtEpochMs: at + 3 })]),
      dumpOf([makeRecord()]),
    ]
    const before = JSON.stringify(dumps)
    const families = parseOpenMetrics(await render(mergeDumps(JSON.parse(before)), openMetricsFormat))
    assert.deepEqual(read(families), {
      istio_requests_total: 'b 1',
      'istio_request_duration_milliseconds_bucket 5.0': 'a 3',
      'istio_request_duration_milliseconds_bucket 100.0': 'b 70',
      'istio_request_bytes_bucket 100.0': 'b 90',
      'istio_response_bytes_bucket 500.0': 'b 400',
    })
    assert.equal(JSON.stringify(dumps), before)
  })

  it('are not more than memory is meant for', () => {
    const records = Array.from({ length: 2500 }, (_, i) => {
      const source = { ...knownSource, workload: `w${i}` }
      return [3, 70, 700].map((durationMs) => traced('d', { source, durationMs }))
    }).flat()
    const [first] = records
    assert.ok(first)
    const { series } = dumpOf([
      ...records,
      { ...first, trace: traceOf('e'), startedAtEpochMs: first.startedAtEpochMs + 1000 },
    ])
    assert.equal(series.flatMap(({ exemplars = {} }) => Object.values(exemplars)).length, 10_000)
    assert.equal(series[0]?.exemplars?.[0]?.trace.traceId[0], 'e')
  })
})

describe('the strict reader', () => {
  const head = '# HELP a b\n# TYPE a'
  const bad: readonly (readonly [what: string, page: string])[] = [
    ['no end', `${head} gauge\na 1\n`],
    ['an empty line', `${head} gauge\n\na 1\n# EOF\n`],
    ['a counter without _total', `${head} counter\na 1\n# EOF\n`],
    ['a bare quote in HELP', '# HELP a "b"\n# TYPE a gauge\na 1\n# EOF\n'],
    [
      'a family in two places',
      `${head} gauge\na 1\n# HELP c d\n# TYPE c gauge\nc 1\n${head} gauge\na{x="y"} 1\n# EOF\n`,
    ],
    [
      'a name of two families',
      `${head} counter\na_total 1\n# HELP a_total d\n# TYPE a_total gauge\na_total 1\n# EOF\n`,
    ],
    ['an exemplar of a gauge', `${head} gauge\na 1 # {x="y"} 1\n# EOF\n`],
    ['a long exemplar', `${head} counter\na_total 1 # {x="${'y'.repeat(128)}"} 1\n# EOF\n`],
    ['an exemplar of another bucket', `${head} histogram\na_bucket{le="+Inf"} 1\na_bucket{le="1.0"} 1\n# EOF\n`],
    [
      'a bound of another spelling',
      `${head} histogram\na_bucket{le="1"} 1\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n# EOF\n`,
    ],
    ['metrics that are mixed', `${head} histogram\na_sum{x="1"} 1\na_sum{x="2"} 1\na_count{x="1"} 1\n# EOF\n`],
  ]
  for (const [what, page] of bad) it(`minds ${what}`, () => assert.throws(() => parseOpenMetrics(page)))
})
