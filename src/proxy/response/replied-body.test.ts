import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { startBodyMesh, upper, type BodyFilter } from '../../../test/support/filters/body-filters.ts'
import { until, type Mesh } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions } from '../../../test/support/mesh/pod.ts'
import type { Filter, ReplyBody, ReplyOptions } from '../../filter/index.ts'
import { createReply } from '../../filter/reply.ts'
import { INTERNAL_ERROR } from '../../http/h2/constants.ts'

const MIB = 1 << 20

let mesh: Mesh
afterEach(() => mesh.close())

const start = async (filters: readonly BodyFilter[], pod: Partial<PodOptions> = {}): Promise<void> => {
  mesh = await startBodyMesh(filters, pod)
}

const replying = (body: () => ReplyBody, options: ReplyOptions = {}): BodyFilter => [
  {},
  { onRequest: () => createReply(200, { ...options, body: body() }) },
]

async function* pieces(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const text of texts) yield text
}

describe('a reply of a filter', () => {
  const bodies: readonly (readonly [
    name: string,
    body: () => ReplyBody,
    length: number | undefined,
    announced: string | undefined,
  ])[] = [
    ['text', () => 'grüße', undefined, '7'],
    ['bytes', () => Buffer.from('grüße'), undefined, '7'],
    ['bytes of a larger memory', () => new Uint8Array(Buffer.from('xgrüßex').subarray(1, 8)), undefined, '7'],
    ['pieces', () => pieces('gr', Buffer.from('ü'), '', 'ße'), undefined, undefined],
    ['pieces whose length is known', () => pieces('grü', 'ße'), 7, '7'],
    ['a web stream', () => new Blob(['grüße']).stream(), undefined, undefined],
  ]
  for (const [name, body, length, announced] of bodies) {
    it(`has a body of ${name}, one after the other on a connection`, async () => {
      await start([replying(body, length === undefined ? {} : { length })])
      const tunnel = await mesh.tunnel()
      for (let i = 0; i < 2; i++) {
        const { head, body: got } = await tunnel.get()
        assert.deepEqual([String(got), head.headers.get('content-length')], ['grüße', announced])
      }
      const { head, body: none } = await tunnel.request('HEAD', '/')
      assert.deepEqual([head.status, none.length], [200, 0])
      assert.equal((await mesh.record(3)).details, 'direct_response')
    })
  }

  it('of 8 MiB goes to a slow client as it reads, whole or in pieces', async () => {
    let made = 0
    async function* many(): AsyncGenerator<Buffer> {
      for (; made < 8 * MIB; made += 65_536) yield Buffer.alloc(65_536, 'x')
    }
    for (const body of [many, () => Buffer.alloc(8 * MIB, 'x')]) {
      await start([replying(body)])
      const tunnel = await mesh.tunnel()
      tunnel.isReading = false
      tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
      await until(() => tunnel.unread > 0)
      assert.ok(made < 2 * MIB, `${made} bytes were made for a client that does not read`)
      tunnel.readOn()
      assert.equal((await tunnel.answer()).body.length, 8 * MIB)
      if (body === many) await mesh.close()
      made = 0
    }
  })

  it('lets go of its stream when the client is gone', async () => {
    let hasEnded = false
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield 'x'.repeat(65_536)
      } finally {
        hasEnded = true
      }
    }
    await start([replying(endless)])
    const client = await mesh.dial()
    const tunnel = await mesh.tunnel()
    tunnel.isReading = false
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => tunnel.unread > 0)
    for (const each of mesh.clients) if (each !== client) each.destroy()
    assert.equal((await mesh.record(1)).flags, 'DC')
    await until(() => hasEnded)
  })

  const broken: readonly (readonly [name: string, body: () => AsyncIterable<string>, length: number | undefined])[] = [
    [
      'fails',
      async function* () {
        yield 'half'
        throw new Error('no more')
      },
      undefined,
    ],
    ['is longer than it said', () => pieces('hello') as AsyncIterable<string>, 3],
    ['is shorter than it said', () => pieces('hello') as AsyncIterable<string>, 9],
    ['has what is no piece', () => pieces('a', 7 as never) as AsyncIterable<string>, undefined],
  ]
  for (const [name, body, length] of broken) {
    it(`is broken off visibly when its stream ${name}`, async () => {
      await start([replying(body, length === undefined ? {} : { length })])
      const tunnel = await mesh.tunnel()
      tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
      assert.equal(await tunnel.ended, 'reset-error')
      // What it threw is counted as a bug: there are none but built-in filters here.
      const { filterErrors, errorsCaught } = mesh.counters
      assert.deepEqual([filterErrors, errorsCaught], name === 'fails' ? [0, 1] : [1, 0])
    })
  }

  it('that is none is answered 500', async () => {
    await start([[{}, { onRequest: () => ({ ...createReply(200), body: 7 as never }) }]])
    const { head } = await (await mesh.tunnel()).get()
    assert.deepEqual([head.status, (await mesh.record(1)).details], [500, 'filter_failed'])
  })

  it('has no body for a client of gRPC that is refused, and its stream is let go', async () => {
    let hasEnded = false
    const body: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error('asked')),
        return: () => ((hasEnded = true), Promise.resolve({ done: true, value: undefined })),
      }),
    }
    await start([[{}, { onRequest: () => createReply(429, { body }) }]])
    const { head } = await (await mesh.tunnel()).request('POST', '/', 'content-type: application/grpc\r\n')
    assert.deepEqual([head.status, head.headers.get('grpc-status')], [200, '14'])
    await until(() => hasEnded)
  })
})

describe('filters that change bodies', () => {
  const change = (mode: 'stream' | 'buffer'): BodyFilter => [{ response: mode }, { transformResponse: () => upper }]

  for (const mode of ['stream', 'buffer'] as const) {
    for (const body of ['text', 'bytes', 'pieces'] as const) {
      it(`change a reply of ${body}: ${mode}`, async () => {
        const made = { text: () => 'hello', bytes: () => Buffer.from('hello'), pieces: () => pieces('he', 'llo') }[body]
        await start([change(mode), replying(made)])
        const tunnel = await mesh.tunnel()
        for (let i = 0; i < 2; i++) assert.equal(String((await tunnel.get()).body), 'HELLO')
        const { head } = await tunnel.request('HEAD', '/')
        assert.equal(head.headers.get('content-length'), undefined)
      })
    }
  }

  it('leave what the waypoint says itself alone, and a reply in place of a response', async () => {
    await start([change('buffer'), [{}, { onResponse: () => createReply(418, { body: 'teapot' }) }]], {
      onRequest: (tunnel) => void tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    })
    const tunnel = await mesh.tunnel()
    assert.equal(String((await tunnel.get()).body), 'teapot')
    await mesh.close()
    await start([change('buffer')], { onRequest: (pod) => pod.reset(INTERNAL_ERROR) })
    assert.match(String((await (await mesh.tunnel()).get()).body), /^upstream/)
  })

  it('may reply in place of a reply, once', async () => {
    const again: Filter = { transformResponse: () => () => createReply(418, { body: 'teapot' }) }
    await start([[{ response: 'buffer' }, again], replying(() => 'hello')])
    const { head, body } = await (await mesh.tunnel()).get()
    assert.deepEqual([head.status, String(body)], [418, 'teapot'])
  })

  it('that want less than a reply has refuse it, once', async () => {
    await start([[{ response: 'buffer', limitBytes: 3 }, { transformResponse: () => upper }], replying(() => 'hello')])
    const { head } = await (await mesh.tunnel()).get()
    assert.deepEqual([head.status, (await mesh.record(1)).details], [502, 'response_payload_too_large{F0}'])
  })
})

describe('a filter that watches a body', () => {
  const watch = (seen: string[], result?: () => unknown): BodyFilter => [
    { response: 'watch' },
    {
      transformResponse: () => (bytes, isLast) => {
        seen.push(`${String(bytes)}${isLast ? '.' : ''}`)
        return result?.() as undefined
      },
    },
  ]
  const answering = (answer: string): Partial<PodOptions> => ({ onRequest: (tunnel) => void tunnel.write(answer) })

  it('sees all of it, and it keeps its length', async () => {
    const seen: string[] = []
    await start([watch(seen, () => Promise.resolve())], answering('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'))
    const { head, body } = await (await mesh.tunnel()).get()
    assert.deepEqual([head.headers.get('content-length'), String(body), seen.join('')], ['5', 'hello', 'hello.'])
  })

  it('sees one of no bytes, and none where there can be none', async () => {
    const seen: string[] = []
    await start([watch(seen)], answering('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
    const tunnel = await mesh.tunnel()
    assert.equal((await tunnel.get()).head.headers.get('content-length'), '0')
    assert.deepEqual(seen, ['.'])
    assert.equal((await tunnel.request('HEAD', '/')).head.headers.get('content-length'), '0')
    assert.deepEqual(seen, ['.'])
  })

  it('is not told the end of one that breaks off', async () => {
    const seen: string[] = []
    await start([watch(seen)], {
      onRequest: (tunnel) => {
        tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')
        setImmediate(() => setImmediate(() => tunnel.reset(INTERNAL_ERROR)))
      },
    })
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    assert.equal(await tunnel.ended, 'reset-error')
    assert.deepEqual(seen, ['half'])
  })

  it('may not change it', async () => {
    await start([watch([], () => 'other')], answering('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'))
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    assert.equal(await tunnel.ended, 'reset-error')
    assert.match(mesh.logs.join('\n'), /only watches/)
  })
})
