import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { makeRecord, traceOf } from '../../../../test/support/exchange-records.ts'
import { readSpans } from '../../../../test/support/otlp/read-spans.ts'
import type { ExchangeRecord } from '../../../filter/record.ts'
import { plainTagger } from '../custom-tags.ts'
import { SpanReports } from '../span-reports.ts'
import { ReportWriter } from './report-writer.ts'

const startWriter = (version = '1.2.3'): ReportWriter =>
  new ReportWriter({ resource: { 'service.name': 'waypoint' }, selfTags: { component: 'proxy' }, version })

const traced = (changes: Partial<ExchangeRecord> = {}) => ({
  record: makeRecord({ trace: traceOf('a'), ...changes }),
  scheme: 'http',
  tagger: plainTagger,
  custom: undefined,
})

const write = (changes: Partial<ExchangeRecord>) => {
  const writer = startWriter()
  writer.add(traced(changes))
  const [span] = readSpans(writer.take().bytes)
  assert.ok(span)
  return span
}

it('what a policy says of a tag takes the place of ours, in each span and whatever else is in it', () => {
  const custom = { component: 'mine', 'http.url': '(masked)', 'http.status_code': 'none', team: 'blue' }
  const tries = [{ spanId: 'b'.repeat(16), startedAtMs: 0 }]
  const changes: Partial<ExchangeRecord> = { status: 503, path: `/${'p'.repeat(300)}`, attempts: 1 }
  const [plain, masked] = [undefined, custom].map((tags) => {
    const writer = startWriter()
    writer.add({ ...traced({ ...changes, trace: { ...traceOf('a'), tries } }), custom: tags })
    const { bytes } = writer.take()
    return { spans: readSpans(bytes), text: bytes.toString('latin1') }
  })
  assert.ok(plain && masked)
  assert.equal(masked.spans.length, 2)
  for (const [at, { attributes }] of masked.spans.entries()) {
    assert.deepEqual(attributes, { ...plain.spans[at]?.attributes, ...custom })
    assert.equal(masked.spans[at]?.name, plain.spans[at]?.name)
  }
  // Once in each of the two.
  for (const name of Object.keys(custom))
    assert.equal(masked.text.split(`\n${String.fromCharCode(name.length)}${name}`).length, 3, name)
})

describe('a span', () => {
  const texts: readonly (readonly [name: string, text: string])[] = [
    ['ASCII', 'curl/8'],
    ['as much of it as is written by hand', 'x'.repeat(100)],
    ['one more', 'x'.repeat(101)],
    ['more than a byte can count', 'y'.repeat(300)],
    ['one that ends otherwise', `${'x'.repeat(99)}é`],
    ['halves and wholes of characters', '猫 🐈 \u0000'],
  ]
  for (const [name, userAgent] of texts)
    it(`has texts as they are: ${name}`, () => assert.equal(write({ userAgent }).attributes['user_agent'], userAgent))

  it('has texts as long as they are, where their lengths and its own take more bytes', () => {
    const tagger = { ...plainTagger, maxPathLength: 20_000 }
    const writer = startWriter()
    const tries = [{ spanId: 'b'.repeat(16), startedAtMs: 0 }]
    const lengths = [
      ...Array(60)
        .keys()
        .map((i) => 80 + i),
      16_200,
      16_300,
      16_383,
      16_384,
      19_000,
    ]
    for (const length of lengths) {
      const path = `/${'p'.repeat(length - 1)}`
      // The first of its kind is not written as those after it are.
      for (const end of ['', 'é', '?a=b', ''])
        writer.add({ ...traced({ path: path + end, trace: { ...traceOf('a'), tries } }), tagger })
      const spans = readSpans(writer.take().bytes)
      const seen = spans.map(({ name, attributes }) => [
        name.slice(0, 6),
        attributes['http.url'],
        attributes['url.path'],
      ])
      const wanted = ['', 'é', '?a=b', ''].flatMap((end) => [
        ['api.sh', `http://api.shop${path}${end}`, end === '?a=b' ? path : path + end],
        ['router', undefined, undefined],
      ])
      assert.deepEqual(seen, wanted)
    }
  })

  it('has the scheme that its client came by', () => {
    const writer = startWriter()
    for (const scheme of ['http', 'https']) writer.add({ ...traced({ path: '/a?b=c' }), scheme })
    const seen = readSpans(writer.take().bytes).map(({ attributes: a }) => [
      a['url.scheme'],
      a['http.url'],
      a['url.path'],
      a['url.query'],
    ])
    assert.deepEqual(seen, [
      ['http', 'http://api.shop/a?b=c', '/a', 'b=c'],
      ['https', 'https://api.shop/a?b=c', '/a', 'b=c'],
    ])
  })

  it('has times to the nanosecond, and numbers beyond 32 bits', () => {
    const startedAtEpochMs = Date.UTC(2026, 10, 22, 10, 0, 0, 999) + 0.25
    const span = write({ startedAtEpochMs, durationMs: 1.5, requestBytes: 2 ** 40 + 1 })
    assert.deepEqual([span.startNs % 1_000_000_000n, span.endNs - span.startNs], [999_250_000n, 1_500_000n])
    assert.equal(span.startNs / 1_000_000n, BigInt(Date.UTC(2026, 10, 22, 10, 0, 0, 999)))
    assert.equal(span.attributes['request_size'], 2 ** 40 + 1)
  })

  it('says the same of the same, however often there was the like of it', () => {
    const usual = makeRecord()
    const trace = { ...traceOf('a'), tries: [{ spanId: 'b'.repeat(16), startedAtMs: 0 }] }
    const other = { ...usual.destination, hostname: 'other.shop' }
    const kinds: readonly Partial<ExchangeRecord>[] = [
      {},
      { status: 503, flags: 'UF' },
      { method: 'POST' },
      { method: 'BREW' },
      { httpVersion: 'HTTP/2' },
      { backend: other },
      { destination: other },
      { endpoint: undefined },
      { source: { ...usual.source, workload: 'x' } },
      { trace: { ...trace, parentId: 'c'.repeat(16), traceState: 'd=e' } },
      { trace: { ...trace, tunnel: { traceId: 'f'.repeat(32), spanId: '0123456789abcdef' } } },
      { protocol: 'grpc', grpcStatus: '5' },
      { requestPrincipal: 'issuer/subject', requestId: undefined, details: '' },
    ]
    const spansOf = (writer: ReportWriter, kind: Partial<ExchangeRecord>, hasIstioTags: boolean) => {
      const record = { ...usual, attempts: 1, trace, ...kind }
      writer.add({ record, scheme: 'http', tagger: { ...plainTagger, hasIstioTags }, custom: undefined })
      return readSpans(writer.take().bytes)
    }
    const writer = startWriter()
    for (const some of [kinds.slice(0, 3), kinds]) {
      for (let round = 0; round < 4; round++) {
        for (const kind of some)
          for (const hasIstioTags of [true, false])
            assert.deepEqual(spansOf(writer, kind, hasIstioTags), spansOf(startWriter(), kind, hasIstioTags))
      }
    }
  })

  it('has its own values where others have the same client, service and endpoint', () => {
    const writer = startWriter()
    for (const status of [200, 404, 200]) writer.add(traced({ status, method: status === 404 ? 'PUT' : 'GET' }))
    for (let i = 0; i < 300; i++) writer.add(traced({ method: `M${i}` }))
    const spans = readSpans(writer.take().bytes)
    const seen = spans.map(({ attributes }) => `${attributes['http.method']} ${attributes['http.status_code']}`)
    assert.deepEqual(seen.slice(0, 4), ['GET 200', 'PUT 404', 'GET 200', 'M0 200'])
    assert.deepEqual([seen.length, seen.at(-1)], [303, 'M299 200'])
  })
})

describe('a report', () => {
  it('is whole whatever its size, in memory that is used again, and has what came since the last one', () => {
    const writer = startWriter('a'.repeat(200))
    const sizes: number[] = []
    const memory = new Set<unknown>()
    for (const times of [0, 1, 300, 150, 300, 3000, 300]) {
      for (let i = 0; i < times; i++) writer.add(traced({ userAgent: `${times} ${i}` }))
      assert.equal(writer.isEmpty, times === 0)
      const report = writer.take()
      const spans = readSpans(report.bytes)
      assert.deepEqual([spans.length, report.exchanges, report.spans], [times, times, times])
      const agents = spans.map(({ attributes }) => attributes['user_agent'])
      assert.deepEqual(
        agents,
        agents.map((_, i) => `${times} ${i}`),
      )
      if (times > 0) assert.deepEqual(spans[0]?.resource, { 'service.name': 'waypoint' })
      sizes.push(report.bytes.length)
      if (report.bytes.length >= 256 * 1024) memory.add(report.bytes.buffer)
      writer.reuse(report)
    }
    assert.ok((sizes[2] ?? 0) > 256 * 1024 && (sizes[5] ?? 0) > 1024 * 1024, sizes.join(' '))
    // Of four large ones: the two that are written in turn, and one that had to grow.
    assert.equal(memory.size, 3)
  })

  it('is left alone while it is on its way', () => {
    const writer = startWriter()
    for (let i = 0; i < 300; i++) writer.add(traced({ userAgent: 'first' }))
    const { bytes } = writer.take()
    const before = Buffer.from(bytes)
    for (let i = 0; i < 300; i++) writer.add(traced({ userAgent: 'other' }))
    writer.take()
    assert.ok(before.equals(bytes))
  })
})

describe('reports of spans', () => {
  it('have all exchanges in their order, after a while or when they are asked for', async () => {
    const sent: (readonly unknown[])[] = []
    const clock = createFakeClock()
    const reports = new SpanReports(startWriter(), {
      clock,
      random: () => 0,
      delayMs: 5000,
      send: async ([report]) => {
        sent.push(readSpans(report?.bytes ?? Buffer.alloc(0)).map(({ attributes }) => attributes['user_agent']))
        return { kind: 'sent' }
      },
      onFailure: assert.fail,
    })
    const add = (count: number): readonly string[] => {
      const agents = Array.from({ length: count }, (_, i) => `${count} ${i}`)
      for (const userAgent of agents) reports.add(traced({ userAgent }))
      return agents
    }
    const wanted: (readonly string[])[] = []
    for (const count of [1, 15, 16, 17, 40]) {
      wanted.push(add(count))
      clock.advance(4999)
      await setImmediate()
      assert.equal(sent.length, wanted.length - 1)
      clock.advance(1)
      await setImmediate()
      assert.deepEqual(sent, wanted)
    }
    wanted.push(add(3))
    await reports.flush()
    assert.deepEqual(sent, wanted)
    assert.deepEqual(reports.counts, { exported: 92, queueFull: 0, failed: 0 })
  })
})
