/** `npm run test:long`: nothing of 3,300 requests is lost on the way to a collector, and exemplars lead there. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseOpenMetrics } from '../support/exposition/openmetrics-text.ts'
import { Collector } from '../support/otlp/collector.ts'
import { eventually } from './support/eventually.ts'
import { startAllProtocols } from './support/protocols/all-protocols.ts'

it('fairway run --otlp-endpoint tells of 3,300 requests as 3,300 spans, in good time before it ends', async () => {
  await using stack = new AsyncDisposableStack()
  const collector = stack.use(await Collector.start())
  const flags = ['--otlp-endpoint', `http://127.0.0.1:${collector.grpcPort}`, '--trace-sampling', '100']
  const all = stack.use(await startAllProtocols({ network: '127.71.187', workers: 1, flags }))
  for (let i = 0; i < 33; i++) await Promise.all(Array.from({ length: 100 }, () => all.request(`/${i}`)))
  await all.call('Unary', ['hello'])
  const text = await eventually('most of them', async () =>
    collector.of('server').length > 0 ? all.scrape() : undefined,
  )
  assert.match(text, /fairway_traced_exchanges_total\{outcome="queue_full"\} 0/)
  const page = await fetch(`http://${all.fairway.addresses.metrics}/stats/prometheus`, {
    headers: { accept: 'application/openmetrics-text' },
  })
  const shown = exemplarsOf(parseOpenMetrics(await page.text()))
  all.fairway.kill('SIGTERM')
  await all.fairway.ended
  const servers = collector.of('server')
  assert.equal(servers.length, 3301)
  assert.equal(new Set(servers.map(({ spanId }) => spanId)).size, 3301)
  assert.equal(collector.of('client').length, 3301)
  assert.equal(servers.filter(({ attributes }) => attributes['rpc.system'] === 'grpc').length, 1) // A counter and a bucket of three histograms, of HTTP and of gRPC, at the least.
  assert.ok(shown.length >= 8)
  const spans = new Set(servers.map(({ traceId, spanId }) => `${traceId} ${spanId}`))
  assert.deepEqual(
    shown.filter((exemplar) => !spans.has(exemplar)),
    [],
  )
})

/** Trace and span of each exemplar. */
const exemplarsOf = (families: ReturnType<typeof parseOpenMetrics>): readonly string[] =>
  [...families.values()]
    .flatMap(({ samples }) => samples)
    .flatMap(({ exemplar }) =>
      exemplar === undefined ? [] : [`${exemplar.labels['trace_id']} ${exemplar.labels['span_id']}`],
    )
