import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { double, startBodyMesh, upper, type BodyFilter } from '../../../test/support/filters/body-filters.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { until, type Mesh } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions } from '../../../test/support/mesh/pod.ts'
import { arrivals, later } from '../../../test/support/turns.ts'
import type { BodyTransform, Filter } from '../../filter/index.ts'
import { createReply } from '../../filter/reply.ts'
import { INTERNAL_ERROR } from '../../http/h2/constants.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const MIB = 1 << 20

const start = async (...how: Parameters<typeof startBodyMesh>): Promise<void> => {
  mesh = await startBodyMesh(...how)
}

const answering = (answer: string): Partial<PodOptions> => ({ onRequest: (tunnel) => void tunnel.write(answer) })
const HELLO = answering('HTTP/1.1 200 OK\r\ncontent-length: 5\r\netag: "1"\r\n\r\nhello')
const stream = (transform: BodyTransform): BodyFilter => [
  { response: 'stream' },
  { transformResponse: () => transform },
]
const buffer = (transform: BodyTransform, limitBytes = MIB): BodyFilter => [
  { response: 'buffer', limitBytes },
  { transformResponse: () => transform },
]
describe('a response whose body filters change', () => {
  it('goes out in chunks where they change it piece by piece: nobody knows its length', async () => {
    await start([stream(upper)], HELLO)
    const tunnel = await mesh.tunnel()
    for (let i = 0; i < 2; i++) {
      const { head, body } = await tunnel.get()
      assert.deepEqual(
        [head.headers.get('content-length'), head.headers.get('transfer-encoding')],
        [undefined, 'chunked'],
      )
      assert.deepEqual([String(body), head.headers.get('etag')], ['HELLO', '"1"'])
    }
    assert.equal(mesh.pod.tunnels.length, 1)
  })

  it('has its new length where they want the whole, and a head that they may still change', async () => {
    await start(
      [
        [
          { response: 'buffer' },
          {
            transformResponse: (exchange) => (bytes) => {
              exchange.response?.headers.set('etag', '"2"')
              return `${String(bytes)}, ${exchange.request.path}`
            },
          },
        ],
      ],
      HELLO,
    )
    const { head, body } = await (await mesh.tunnel()).get('/world')
    assert.deepEqual([head.headers.get('content-length'), head.headers.get('etag')], ['13', '"2"'])
    assert.equal(String(body), 'hello, /world')
    assert.equal((await mesh.record(1)).status, 200)
  })

  it('passes filters in reverse, those that leave it alone not at all', async () => {
    const left: Filter = { transformResponse: () => undefined }
    await start([stream((bytes) => `${String(bytes)}1`), [{ response: 'buffer' }, left], buffer(() => 'x')], HELLO)
    assert.equal(String((await (await mesh.tunnel()).get()).body), 'x1')
  })

  it('keeps its length when all of them leave it alone', async () => {
    await start([[{ response: 'stream' }, { transformResponse: () => undefined }]], HELLO)
    assert.equal((await (await mesh.tunnel()).get()).head.headers.get('content-length'), '5')
  })

  it('ends with the connection for a client of HTTP/1.0', async () => {
    await start([stream(upper)], HELLO)
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.0\r\nhost: api\r\nconnection: keep-alive\r\n\r\n', 'GET')
    const { head, body } = await tunnel.answer()
    assert.deepEqual([String(body), head.headers.get('transfer-encoding')], ['HELLO', undefined])
    assert.equal(await tunnel.ended, 'end')
  })

  const bodiless: readonly (readonly [method: string, status: number, length: string, kept: string | undefined])[] = [
    ['HEAD', 200, '7', undefined],
    ['GET', 304, '7', undefined],
    ['GET', 204, '', undefined],
    ['GET', 200, '0', '0'],
  ]
  for (const [method, status, length, kept] of bodiless) {
    it(`is no body in a ${status} to ${method} with content-length ${length}: no transform is called`, async () => {
      let calls = 0
      const lengthField = length === '' ? '' : `content-length: ${length}\r\n`
      await start(
        [stream((bytes) => (calls++, bytes)), buffer(upper)],
        answering(`HTTP/1.1 ${status} X\r\n${lengthField}\r\n`),
      )
      const tunnel = await mesh.tunnel()
      for (let i = 0; i < 2; i++) {
        const { head, body } = await tunnel.request(method, '/')
        assert.deepEqual([head.status, head.headers.get('content-length'), body.length], [status, kept, 0])
      }
      assert.equal(calls, 0)
    })
  }

  it('that is switched to another protocol is left alone', async () => {
    let calls = 0
    await start([stream((bytes) => (calls++, bytes))], {
      onHead: (tunnel) => void tunnel.write('HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\nhi'),
      onRequest: () => {},
    })
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n', 'GET')
    await until(() => tunnel.received > 0)
    assert.equal(calls, 0)
  })

  it('waits for a filter that waits, and so does who sends it', async () => {
    await start([stream(async (bytes) => (await later(0), bytes.toString('latin1').toUpperCase()))], HELLO)
    const tunnel = await mesh.tunnel()
    for (let i = 0; i < 3; i++) assert.equal(String((await tunnel.get()).body), 'HELLO')
  })

  it('arrives whole when it is large, twice as long, and the client slow', async () => {
    const bytes = 8 * MIB
    await start([stream(double)], {
      onRequest: (tunnel) => {
        tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
        void tunnel.download(bytes)
      },
    })
    const tunnel = await mesh.tunnel()
    tunnel.isReading = false
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    const pod = () => mesh.pod.tunnels[0]
    await until(() => (pod()?.stream.queuedBytes ?? 0) > 0 && tunnel.unread > 0)
    assert.ok(tunnel.received < 2 * MIB, `${tunnel.received} bytes were sent to a client that does not read`)
    tunnel.readOn()
    assert.equal((await tunnel.answer()).body.length, 2 * bytes)
  })

  it('that is longer than a filter takes is answered 502, announced or not', async () => {
    for (const head of ['content-length: 2000000\r\n', 'transfer-encoding: chunked\r\n']) {
      await start([buffer(upper, 100_000)], {
        onRequest: (tunnel) => {
          tunnel.write(`HTTP/1.1 200 OK\r\n${head}\r\n${head.startsWith('t') ? '1e8480\r\n' : ''}`)
          void tunnel.download(2_000_000)
        },
      })
      const tunnel = await mesh.tunnel()
      assert.equal((await tunnel.get()).head.status, 502)
      const { details, status } = await mesh.record(1)
      assert.deepEqual([details, status], ['response_payload_too_large{F0}', 502])
      if (head.startsWith('c')) await mesh.close()
    }
  })

  it('that there is no memory for is answered 503', async () => {
    const body = 'x'.repeat(50_000)
    await start([buffer(upper)], answering(`HTTP/1.1 200 OK\r\ncontent-length: 50000\r\n\r\n${body}`), {
      bufferBytes: 10_000,
    })
    assert.equal((await (await mesh.tunnel()).get()).head.status, 503)
    assert.equal((await mesh.record(1)).details, 'response_body_no_memory{F0}')
  })

  const failing: readonly (readonly [how: string, transform: BodyTransform])[] = [
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['rejects', () => later(0).then(() => Promise.reject(new Error('broken')))],
  ]
  for (const [how, transform] of failing) {
    it(`is answered 500 when a filter ${how} that wants the whole`, async () => {
      await start([buffer(transform)], HELLO)
      const tunnel = await mesh.tunnel()
      for (let i = 1; i <= 2; i++) {
        assert.equal((await tunnel.get()).head.status, 500)
        assert.equal((await mesh.record(i)).details, 'filter_failed')
      }
      assert.equal(mesh.counters.errorsCaught, 2)
    })

    it(`is broken off visibly when a filter ${how} behind its head`, async () => {
      await start([stream(transform)], HELLO)
      const tunnel = await mesh.tunnel()
      tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
      assert.equal(await tunnel.ended, 'reset-error')
      assert.equal(mesh.counters.errorsCaught, 1)
    })
  }

  it('is replaced by a reply of a filter that has seen the whole', async () => {
    await start([buffer(() => createReply(451, { body: 'no', reason: 'withheld' }))], HELLO)
    const { head, body } = await (await mesh.tunnel()).get()
    assert.deepEqual([head.status, String(body)], [451, 'no'])
    assert.equal((await mesh.record(1)).details, 'withheld')
  })

  it('that breaks off before the client saw any of it is answered 503, else broken off', async () => {
    const half: Partial<PodOptions> = {
      onRequest: (tunnel) => {
        tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel')
        setImmediate(() => setImmediate(() => tunnel.reset(INTERNAL_ERROR)))
      },
    }
    await start([buffer(upper)], half)
    const tunnel = await mesh.tunnel()
    assert.equal((await tunnel.get()).head.status, 503)
    const { flags, details } = await mesh.record(1)
    assert.deepEqual([flags, details], ['UC', 'upstream_reset_after_response_started'])
    await mesh.close()
    await start([stream(upper)], half)
    const other = await mesh.tunnel()
    other.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    assert.equal(await other.ended, 'reset-error')
  })

  it('is not waited for any more when the client is gone', async () => {
    let settle: (text: string) => void = () => {}
    await start([stream(() => new Promise((resolve) => (settle = resolve)))], HELLO)
    const client = await mesh.dial()
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => tunnel.partial.head !== undefined)
    for (const each of mesh.clients) if (each !== client) each.destroy()
    assert.equal((await mesh.record(1)).flags, 'DC')
    settle('late')
  })

  it('is answered 504 when a filter that wants the whole takes longer than the route allows', async () => {
    const clock = createFakeClock()
    await start([buffer(() => new Promise(() => {}))], HELLO, { clock, rule: { timeouts: { requestMs: 1000 } } })
    const tunnel = await mesh.tunnel()
    const answer = tunnel.get()
    await until(() => mesh.pod.requests === 1)
    await arrivals()
    clock.advance(1000)
    assert.equal((await answer).head.status, 504)
  })

  it('and its trailers pass filters: changed, added, taken away', async () => {
    await start(
      [
        [
          { response: 'stream' },
          {
            transformResponse: () => upper,
            onResponseTrailers: (trailers, { request }) => {
              trailers.set('x-path', request.path)
              trailers.remove('x-old')
            },
          },
        ],
      ],
      answering('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-old: 1\r\nx-kept: 2\r\n\r\n'),
    )
    const { body, trailers } = await (await mesh.tunnel()).get('/p')
    assert.deepEqual([String(body), trailers?.fields], ['OK', ['x-kept', '2', 'x-path', '/p']])
  })
})
