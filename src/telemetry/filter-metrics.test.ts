import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Histogram, Registry } from 'prom-client'
import { FilterMetrics } from '../filter/env/filter-metrics.ts'
import { mergeDumps, type MetricsDump } from './dump.ts'
import { renderMetrics } from './render.ts'

const dumpOf = (metrics: FilterMetrics): MetricsDump => ({ series: [], scalars: [], filters: metrics.dump() })

const render = async (dump: MetricsDump): Promise<string> =>
  (await Array.fromAsync(renderMetrics(dump))).join('').trim()

test('metrics of filters are written exactly as prom-client writes them', async () => {
  const metrics = new FilterMetrics()
  const help = 'Of this and\nthat \\ other'
  const buckets = [0.1, 2]
  const scope = metrics.open('shop/stamp')
  const hits = scope.counter('hits_total', { help, labels: ['tenant'] })
  const sizes = scope.histogram('size_bytes', { help, buckets })
  const registry = new Registry()
  const registers = [registry]
  const theirs = new Counter({ name: 'fairway_filter_hits_total', help, labelNames: ['filter', 'tenant'], registers })
  const their = new Histogram({ name: 'fairway_filter_size_bytes', help, labelNames: ['filter'], buckets, registers })
  for (const tenant of ['a', 'a', 'b"\\\nc']) {
    hits.inc({ tenant })
    theirs.inc({ filter: 'shop/stamp', tenant })
  }
  for (const size of [0.05, 0.1, 1, 30]) {
    sizes.observe(size)
    their.observe({ filter: 'shop/stamp' }, size)
  }
  // The order of labels means nothing; `le` is where the request metrics have it.
  const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')
  assert.deepEqual(
    linesOf(await render(dumpOf(metrics))),
    linesOf((await registry.metrics()).replace(/\{(le="[^"]+"),(.*)\}/g, '{$2,$1}')),
  )
})

test('several filters with a metric of one name stand together', async () => {
  const metrics = new FilterMetrics()
  metrics.open('shop/a').counter('hits_total', { help: 'Hits of a' }).inc()
  metrics.open('shop/a').counter('other_total', { help: 'Others' }).inc()
  metrics
    .open('shop/b')
    .counter('hits_total', { help: 'Hits of b', labels: ['x'] })
    .inc({ x: 'y' })
  assert.equal(
    await render(dumpOf(metrics)),
    [
      '# HELP fairway_filter_hits_total Hits of a',
      '# TYPE fairway_filter_hits_total counter',
      'fairway_filter_hits_total{filter="shop/a"} 1',
      'fairway_filter_hits_total{filter="shop/b",x="y"} 1',
      '# HELP fairway_filter_other_total Others',
      '# TYPE fairway_filter_other_total counter',
      'fairway_filter_other_total{filter="shop/a"} 1',
    ].join('\n'),
  )
})

test('what workers have counted is added', async () => {
  const count = (values: readonly (readonly [string, number])[], observed: readonly number[]): MetricsDump => {
    const metrics = new FilterMetrics()
    const scope = metrics.open('shop/a')
    const hits = scope.counter('hits_total', { help: 'Hits', labels: ['x'] })
    for (const [x, by] of values) hits.inc({ x }, by)
    const wait = scope.histogram('wait', { help: 'Waits', buckets: [1] })
    for (const value of observed) wait.observe(value)
    return JSON.parse(JSON.stringify(dumpOf(metrics))) as MetricsDump
  }
  const one = count(
    [
      ['a', 1],
      ['b', 2],
    ],
    [0.5, 3],
  )
  const two = count(
    [
      ['b', 3],
      ['c', 4],
    ],
    [0.5],
  )
  assert.deepEqual(
    await render(mergeDumps([one, two])),
    await render(
      count(
        [
          ['a', 1],
          ['b', 5],
          ['c', 4],
        ],
        [0.5, 3, 0.5],
      ),
    ),
  )
})

test('while workers change over to another version, what does not fit together is not added', async () => {
  const before = new FilterMetrics()
  before.open('shop/a').counter('hits_total', { help: 'Hits' }).inc({}, 7)
  const after = new FilterMetrics()
  after
    .open('shop/a')
    .counter('hits_total', { help: 'Hits', labels: ['x'] })
    .inc({ x: 'y' })
  after.open('shop/b').histogram('hits_total', { help: 'Hits' }).observe(1)
  const text = await render(mergeDumps([dumpOf(before), dumpOf(after)]))
  assert.deepEqual(text.split('\n').slice(1), [
    '# TYPE fairway_filter_hits_total counter',
    'fairway_filter_hits_total{filter="shop/a"} 7',
  ])
})
