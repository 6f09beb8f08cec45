import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FilterMetrics } from './filter-metrics.ts'

const shown = (metrics: FilterMetrics) =>
  metrics
    .dump()
    .map(({ name, filter, series }) => [
      name,
      filter,
      ...series.map(({ values, numbers }) => `${values.join(',')}=${numbers.join(' ')}`),
    ])

test('a counter counts by its labels, and a missing one is the empty string', () => {
  const metrics = new FilterMetrics()
  const logins = metrics.open('shop/auth').counter('logins_total', { help: 'Logins', labels: ['tenant', 'outcome'] })
  logins.inc({ tenant: 'a', outcome: 'ok' })
  logins.inc({ tenant: 'a', outcome: 'ok' }, 2)
  logins.inc({ outcome: 'ok' })
  logins.inc()
  assert.deepEqual(shown(metrics), [['fairway_filter_logins_total', 'shop/auth', 'a,ok=3', ',ok=1', ',=1']])
})

test('a metric without labels is there before the first event', () => {
  const metrics = new FilterMetrics()
  metrics.open('shop/auth').counter('logins_total', { help: 'Logins' })
  assert.deepEqual(shown(metrics), [['fairway_filter_logins_total', 'shop/auth', '=0']])
})

for (const by of [-1, 0, Number.NaN, Infinity]) {
  test(`a counter does not grow by ${by}`, () => {
    const metrics = new FilterMetrics()
    metrics.open('shop/auth').counter('logins_total', { help: 'Logins' }).inc({}, by)
    assert.deepEqual(shown(metrics), [['fairway_filter_logins_total', 'shop/auth', '=0']])
  })
}

test('a histogram counts into buckets whose bounds belong to them, and sums', () => {
  const metrics = new FilterMetrics()
  const sizes = metrics.open('shop/auth').histogram('bytes', { help: 'Bytes', buckets: [1, 10] })
  for (const value of [0.5, 1, 2, 10, 11, Number.NaN]) sizes.observe(value)
  assert.deepEqual(shown(metrics), [['fairway_filter_bytes', 'shop/auth', '=2 2 1 24.5']])
})

for (const labels of [['user'], ['user', 'tenant']] as const) {
  test(`values beyond 200 series count as other, with ${labels.length} labels`, () => {
    const metrics = new FilterMetrics()
    const hits = metrics.open('shop/auth').counter('hits_total', { help: 'Hits', labels })
    for (let i = 0; i < 250; i++) hits.inc({ user: `u${i}` })
    hits.inc({ user: 'u0' })
    const [dump, overflow] = metrics.dump()
    assert.equal(dump?.series.length, 201)
    const other = dump?.series.find(({ values }) => values.every((value) => value === 'other'))
    assert.deepEqual(other?.numbers, [50])
    assert.deepEqual(dump?.series[0]?.numbers, [2])
    assert.equal(overflow?.name, 'fairway_filter_series_overflow_total')
    assert.deepEqual(overflow?.series[0]?.numbers, [50])
  })
}

test('label sets that read alike when strung together are two series', () => {
  const metrics = new FilterMetrics()
  const hits = metrics.open('shop/auth').counter('hits_total', { help: 'Hits', labels: ['a', 'b'] })
  hits.inc({ a: 'x', b: 'yz' })
  hits.inc({ a: 'xy', b: 'z' })
  hits.inc({ a: 'x\ny', b: '' })
  hits.inc({ a: 'x', b: 'y\n' })
  assert.equal(metrics.dump()[0]?.series.length, 4)
})

test('the next version of a filter counts on, and with the last one its metrics go', () => {
  const metrics = new FilterMetrics()
  const first = metrics.open('shop/auth')
  first.counter('hits_total', { help: 'Hits' }).inc()
  const second = metrics.open('shop/auth')
  first.close()
  first.close()
  second.counter('hits_total', { help: 'Hits, put better' }).inc()
  assert.deepEqual(shown(metrics), [['fairway_filter_hits_total', 'shop/auth', '=2']])
  second.close()
  assert.deepEqual(metrics.dump(), [])
})

test('a version that describes a metric otherwise begins it anew', () => {
  const metrics = new FilterMetrics()
  metrics.open('shop/auth').counter('hits_total', { help: 'Hits' }).inc()
  metrics
    .open('shop/auth')
    .counter('hits_total', { help: 'Hits', labels: ['tenant'] })
    .inc({ tenant: 'a' })
  assert.deepEqual(shown(metrics), [['fairway_filter_hits_total', 'shop/auth', 'a=1']])
})

test('two filters cannot have one name for a counter and a histogram: the later one is not shown, and said so', () => {
  const warnings: string[] = []
  const metrics = new FilterMetrics((message) => warnings.push(message))
  metrics.open('shop/auth').counter('wait', { help: 'Waits' })
  metrics.open('shop/other').histogram('wait', { help: 'Seconds' }).observe(1)
  metrics.open('shop/third').counter('wait', { help: 'Waits' })
  assert.deepEqual(
    shown(metrics).map(([name, filter]) => `${name} ${filter}`),
    ['fairway_filter_wait shop/auth', 'fairway_filter_wait shop/third'],
  )
  assert.deepEqual(warnings, [
    'filter shop/other: histogram wait is not shown: filter shop/auth has a counter of that name: give it another one',
  ])
})

test('a filter has a hundred metrics at most', () => {
  const warnings: string[] = []
  const scope = new FilterMetrics((message) => warnings.push(message)).open('shop/auth')
  for (let i = 0; i < 101; i++) scope.counter(`n${i}_total`, { help: 'N' })
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /n100_total is not shown: the filter has 100 metrics already/)
})

const BAD: readonly (readonly [
  what: string,
  make: (scope: ReturnType<FilterMetrics['open']>) => unknown,
  says: RegExp,
])[] = [
  ['a capital', ({ counter }) => counter('Logins', { help: '' }), /"Logins": a name is lower-case/],
  ['a name of a part', ({ counter }) => counter('logins_count', { help: '' }), /logins_count: parts of other metrics/],
  [
    'a name of ours',
    ({ counter }) => counter('errors_total', { help: '' }),
    /fairway_filter_errors_total is the proxy's own/,
  ],
  ['the label filter', ({ counter }) => counter('a', { help: '', labels: ['filter'] }), /label "filter"/],
  ['a label with a dash', ({ counter }) => counter('a', { help: '', labels: ['a-b'] }), /label "a-b"/],
  ['a label twice', ({ counter }) => counter('a', { help: '', labels: ['a', 'a'] }), /two labels have the same name/],
  [
    'nine labels',
    ({ counter }) => counter('a', { help: '', labels: 'abcdefghi'.split('') }),
    /at most 8 labels, not 9/,
  ],
  ['no buckets', ({ histogram }) => histogram('a', { help: '', buckets: [] }), /buckets \[\]/],
  ['buckets that fall', ({ histogram }) => histogram('a', { help: '', buckets: [2, 1] }), /buckets \[2, 1\]/],
]

for (const [what, make, says] of BAD) {
  test(`a metric cannot have ${what}`, () => {
    assert.throws(() => make(new FilterMetrics().open('shop/auth')), { name: 'TypeError', message: says })
  })
}

test('one that is made again and again, and is not shown, is told of once', () => {
  const warnings: string[] = []
  const metrics = new FilterMetrics((message) => warnings.push(message))
  metrics.open('shop/a').counter('waits', { help: '' })
  const { counter, histogram } = metrics.open('shop/b')
  for (let i = 0; i < 5; i++) histogram('waits', { help: '' })
  for (let i = 0; i < 500; i++) counter(`hits_${i}_total`, { help: '' })
  assert.equal(warnings.length, 2, warnings.join('\n'))
})
