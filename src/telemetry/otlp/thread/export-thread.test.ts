import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Collector } from '../../../../test/support/otlp/collector.ts'
import type { OtlpExporter } from '../exporter.ts'
import { otlpSignals } from '../otlp-signal.ts'
import { ExportThread } from './export-thread.ts'

/** A report with nothing but an unknown field, which a collector passes over. */
const reportOf = (bytes: number): Buffer =>
  Buffer.concat([Buffer.from([0x7a, 0x80 | (bytes & 0x7f), bytes >> 7]), Buffer.alloc(bytes, 7)])

interface Running {
  readonly threads: readonly Worker[]
  /** Of each of them. */
  readonly ends: readonly Promise<unknown>[]
  readonly collector: Collector
  readonly warnings: string[]
  readonly open: (protocol: 'grpc' | 'http/protobuf', url?: string) => Promise<OtlpExporter>
}

/** The threads that it starts are those of the product, and are there to be ended. */
const start = async (stack: AsyncDisposableStack): Promise<Running> => {
  const threads: Worker[] = []
  const ends: Promise<unknown>[] = []
  const thread = new ExportThread((...how) => {
    const worker = new Worker(...how)
    threads.push(worker)
    ends.push(once(worker, 'exit'))
    return worker
  })
  const collector = stack.use(await Collector.start())
  const warnings: string[] = []
  const open: Running['open'] = async (protocol, url) => {
    const port = protocol === 'grpc' ? collector.grpcPort : collector.httpPort
    const exporter = await thread.open({
      signal: otlpSignals.TRACES,
      target: { kind: 'environment', protocol, url: url ?? `http://127.0.0.1:${port}` },
      onWarning: (message) => void warnings.push(message),
    })
    stack.defer(() => exporter.close())
    return exporter
  }
  return { threads, ends, collector, warnings, open }
}

describe('the thread for collectors', () => {
  for (const protocol of ['grpc', 'http/protobuf'] as const) {
    it(`brings reports by ${protocol} as they were when they were sent`, async () => {
      await using stack = new AsyncDisposableStack()
      const { open, collector, threads } = await start(stack)
      const exporter = await open(protocol)
      const bytes = reportOf(1000)
      const sent = exporter.send({ bytes, items: 1 })
      bytes.fill(0xff)
      assert.deepEqual(await sent, { kind: 'sent' })
      assert.equal(collector.reports, 1)
      assert.equal(threads.length, 1)
    })
  }

  it('has all ways of a process, and ends with the last', async () => {
    await using stack = new AsyncDisposableStack()
    const { open, threads, ends } = await start(stack)
    const [first, second] = await Promise.all([open('grpc'), open('http/protobuf')])
    first.close()
    assert.deepEqual(await first.send({ bytes: reportOf(1), items: 1 }), {
      kind: 'failed',
      isPassing: false,
      message: 'the way to the collector is closed',
    })
    assert.deepEqual(await second.send({ bytes: reportOf(1), items: 1 }), { kind: 'sent' })
    second.close()
    await ends[0]
    const third = await open('http/protobuf')
    assert.deepEqual(await third.send({ bytes: reportOf(1), items: 1 }), { kind: 'sent' })
    assert.equal(threads.length, 2)
  })

  it('is followed by another one when it ends, whatever it was about', async () => {
    await using stack = new AsyncDisposableStack()
    const { open, collector, threads } = await start(stack)
    const exporter = await open('http/protobuf')
    collector.mood = { kind: 'silent' }
    const lost = exporter.send({ bytes: reportOf(1), items: 1 })
    await threads[0]?.terminate()
    assert.deepEqual(await lost, {
      kind: 'failed',
      isPassing: true,
      message: 'the thread for collectors is gone: it ended',
    })
    collector.mood = { kind: 'takes' }
    assert.deepEqual(await exporter.send({ bytes: reportOf(1), items: 1 }), { kind: 'sent' })
    assert.equal(threads.length, 2)
  })

  it('fails what a collector refuses, and says which', async () => {
    await using stack = new AsyncDisposableStack()
    const { open, collector } = await start(stack)
    collector.mood = { kind: 'refuses', code: 3 }
    const outcome = await (await open('grpc')).send({ bytes: reportOf(1), items: 1 })
    assert.equal(outcome.kind, 'failed')
    assert.match(outcome.message, new RegExp(`^collector http://127.0.0.1:${collector.grpcPort}: .*not now`))
  })

  it('opens no way to what is no URL, and none is left behind', async () => {
    await using stack = new AsyncDisposableStack()
    const { open, ends } = await start(stack)
    await assert.rejects(open('http/protobuf', 'nowhere'), /Invalid URL/)
    await ends[0]
  })
})
