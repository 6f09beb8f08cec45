import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, test } from 'node:test'
import type { AppPlugin } from '../../filter/app/build-app.ts'
import { defineApp } from '../../filter/app/define-app.ts'
import type { FilterDefinition } from '../../filter/index.ts'
import { openDoor } from '../../../test/support/mesh/door.ts'
import { Mesh, until } from '../../../test/support/mesh/mesh.ts'
import type { ClientTunnel } from '../../../test/support/mesh/client-tunnel.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const MIB = 1 << 20

const defaults = { config: {}, limits: { body: MIB } }

/** A waypoint whose one rule has this App, before a pod that says what it got. */
const withApp = async (
  plugin: AppPlugin,
  { told = {}, more = [] }: { readonly told?: object; readonly more?: readonly FilterDefinition[] } = {},
): Promise<ClientTunnel> => {
  const definitions = [...more, defineApp({ plugin, config: undefined })]
  mesh = await Mesh.start({
    filters: definitions,
    rule: {
      filters: definitions.map(({ kind }) => ({
        kind,
        config: kind === 'App' ? { ...defaults, ...told } : {},
        origin: kind,
      })),
    },
    pods: [
      {
        onRequest: (tunnel, { head, bodyBytes }) => {
          const text = `pod: ${head.method} ${head.target} ${bodyBytes}`
          tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
        },
      },
    ],
  })
  return mesh.tunnel()
}

const text = (answer: { readonly body: Buffer }): string => answer.body.toString()

test('what the plugin has a route for it answers; what it has none for goes on to the backend', async () => {
  const tunnel = await withApp(async (app) => {
    app.get('/orders/:id', async (request) => {
      const { id } = request.params as { readonly id: string }
      return { id, query: request.query, by: request.exchange.source.principal }
    })
    app.post('/orders', async (request, reply) => reply.code(201).send({ got: request.body }))
  })
  const answer = await tunnel.get('/orders/7?full=1')
  assert.equal(answer.head.status, 200)
  assert.equal(answer.head.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.deepEqual(JSON.parse(text(answer)), {
    id: '7',
    query: { full: '1' },
    by: 'spiffe://cluster.local/ns/shop/sa/client',
  })
  const json = 'content-type: application/json\r\n'
  const posted = await tunnel.request('POST', '/orders', `${json}content-length: 7\r\n`, '{"a":1}')
  assert.equal(posted.head.status, 201)
  assert.deepEqual(JSON.parse(text(posted)), { got: { a: 1 } })
  for (const [method, path] of [
    ['GET', '/other'],
    ['DELETE', '/orders/7'],
    ['GET', '/orders/%ff'],
    ['PURGE', '/orders/7'],
  ] as const)
    assert.equal(text(await tunnel.request(method, path)), `pod: ${method} ${path} 0`)
  const left = await tunnel.request('PUT', '/orders', 'content-length: 5\r\n', 'hello')
  assert.equal(text(left), 'pod: PUT /orders 5')
  assert.equal(mesh.pod.tunnels.length, 1)
  const records = await mesh.record(7).then(() => mesh.records)
  assert.deepEqual(
    records.slice(0, 3).map(({ details }) => details),
    ['via_app', 'via_app', 'via_upstream'],
  )
})

test('bodies stream in both directions with back-pressure', async () => {
  let isPaused: () => boolean = () => false
  const tunnel = await withApp(async (app) => {
    app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload))
    app.post('/count', async (request) => {
      let bytes = 0
      for await (const piece of request.body as AsyncIterable<Buffer>) bytes += piece.length
      return { bytes }
    })
    app.get('/large', (_request, reply) => {
      const source = Readable.from(
        (function* pieces() {
          for (let i = 0; i < 1024; i++) yield Buffer.alloc(64 * 1024, 'x')
        })(),
      )
      isPaused = () => source.isPaused()
      return reply.send(source)
    })
  })
  tunnel.write(
    `POST /count HTTP/1.1\r\nhost: api\r\ncontent-type: application/octet-stream\r\ncontent-length: ${32 * MIB}\r\n\r\n`,
    'POST',
  )
  await tunnel.upload(32 * MIB)
  assert.deepEqual(JSON.parse(text(await tunnel.answer())), { bytes: 32 * MIB })
  tunnel.isReading = false
  const large = tunnel.get('/large')
  await until(() => tunnel.received > 0 && isPaused(), 'a source that waits for the client')
  assert.ok(tunnel.received < 4 * MIB, `${tunnel.received} bytes went to a client that does not read`)
  tunnel.readOn()
  assert.equal((await large).body.length, 64 * MIB)
})

test('a request is forwarded by a hook of the plugin, with its body, and not once that was read', async () => {
  const tunnel = await withApp(async (app) => {
    app.addHook('onRequest', async (request, reply) => {
      await new Promise(setImmediate)
      if (request.headers['x-old'] !== undefined) return reply.forward()
    })
    app.post('/orders', async (_request, reply) => reply.forward())
    app.get('/maybe', async (_request, reply) => reply.forward())
  })
  assert.equal(
    text(await tunnel.request('POST', '/orders', 'x-old: 1\r\ncontent-length: 5\r\n', 'hello')),
    'pod: POST /orders 5',
  )
  assert.equal(text(await tunnel.get('/maybe')), 'pod: GET /maybe 0')
  const late = await tunnel.request('POST', '/orders', 'content-type: text/plain\r\ncontent-length: 5\r\n', 'hello')
  assert.equal(late.head.status, 500)
  assert.match(text(late), /forwarded only before its body is read/)
})

test('a prefix, other methods and upgrades keep requests away from it; HEAD and answers without a body have none', async () => {
  const seen: string[] = []
  const tunnel = await withApp(
    async (app) => {
      app.addHook('onRequest', async ({ url }) => void seen.push(url))
      app.get('/a', async () => 'hello')
      app.get('/none', async (_request, reply) => reply.code(204).send())
      app.head('/bare', async (_request, reply) => reply.header('x-flag', true).send())
    },
    { told: { prefix: '/api' } },
  )
  assert.equal(text(await tunnel.get('/a')), 'pod: GET /a 0')
  assert.equal(text(await tunnel.get('/apix/a')), 'pod: GET /apix/a 0')
  assert.equal(text(await tunnel.get('/api/a')), 'hello')
  const head = await tunnel.request('HEAD', '/api/a')
  assert.deepEqual([head.head.status, head.head.headers.get('content-length'), head.body.length], [200, '5', 0])
  const none = await tunnel.get('/api/none')
  assert.deepEqual([none.head.status, none.head.headers.get('content-length')], [204, undefined])
  const bare = await tunnel.request('HEAD', '/api/bare')
  assert.deepEqual([bare.head.headers.get('x-flag'), bare.head.headers.get('content-length')], ['true', undefined])
  assert.deepEqual(seen, ['/api/a', '/api/a', '/api/none', '/api/bare'])
})

test('a plugin with an answer of its own for what is not found leaves nothing below its prefix', async () => {
  const tunnel = await withApp(async (app) => {
    app.get('/a', async () => 'hello')
    app.register(
      async (inner) => {
        inner.setNotFoundHandler((_request, reply) => reply.code(404).send('nowhere'))
      },
      { prefix: '/inner' },
    )
  })
  assert.equal(text(await tunnel.get('/inner/x')), 'nowhere')
  assert.equal(text(await tunnel.get('/x')), 'pod: GET /x 0')
})

test('requests wait for a plugin that takes its time to start, without their bodies', async () => {
  const start = Promise.withResolvers<void>()
  const tunnel = await withApp(async (app) => {
    await start.promise
    app.post('/a', async (request) => ({ got: request.body }))
  })
  const answers = ['/a', '/b'].map((path) =>
    tunnel.request('POST', path, 'content-type: text/plain\r\ncontent-length: 5\r\n', 'hello'),
  )
  await new Promise(setImmediate)
  start.resolve()
  assert.deepEqual((await Promise.all(answers)).map(text), ['{"got":"hello"}', 'pod: POST /b 5'])
})

test('filters before it see its answers, and change the bodies that it gets', async () => {
  const shout: FilterDefinition = {
    kind: 'Shout',
    stage: 'shape',
    config: defineApp({ plugin: async () => {}, config: undefined }).config,
    body: { request: 'buffer', response: 'stream' },
    create: () => ({
      onResponse: ({ response }) => response?.headers.set('x-shout', '1'),
      transformRequest: () => (bytes) => `${bytes.toString().toUpperCase()}!`,
      transformResponse: () => (bytes) => bytes.toString().toUpperCase(),
    }),
  }
  const tunnel = await withApp(
    async (app) => {
      app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
      app.post('/echo', async (request, reply) => reply.type('text/x').send(`got ${String(request.body)}`))
    },
    { more: [shout] },
  )
  const answer = await tunnel.request('POST', '/echo', 'content-type: text/x\r\ncontent-length: 5\r\n', 'hello')
  assert.equal(text(answer), 'GOT HELLO!')
  assert.equal(answer.head.headers.get('x-shout'), '1')
})

test('what has no body has no length that nobody has told, and headers may be what node:http takes', async () => {
  const tunnel = await withApp(async (app) => {
    app.get('/kept', (_request, reply) => reply.code(304).send())
    app.get('/flag', (_request, reply) => reply.header('x-flag', true).header('x-all', [1, true]).send('ok'))
    app.get('/unset', async (_request, reply) => {
      assert.throws(() => reply.raw.setHeader('x-flag', undefined as never), { code: 'ERR_HTTP_INVALID_HEADER_VALUE' })
      return 'ok'
    })
  })
  const kept = await tunnel.get('/kept')
  assert.deepEqual([kept.head.status, kept.head.headers.get('content-length')], [304, undefined])
  const { headers } = (await tunnel.get('/flag')).head
  assert.deepEqual([headers.get('x-flag'), headers.get('x-all')], ['true', '1, true'])
  assert.equal(text(await tunnel.get('/unset')), 'ok')
})

test('a plugin hears the end of its requests, also of those that it answers at once', async () => {
  const closed: string[] = []
  const tunnel = await withApp(async (app) => {
    app.get('/:how', (request, reply) => {
      const { how } = request.params as { readonly how: string }
      request.raw.on('close', () => closed.push(`${how} request`))
      reply.raw.on('close', () => closed.push(`${how} answer`))
      if (how === 'at-once') reply.send(how)
      else setImmediate(() => void reply.send(how))
    })
  })
  for (const how of ['at-once', 'later']) assert.equal(text(await tunnel.get(`/${how}`)), how)
  await until(() => closed.length === 4, 'the end of both')
})

test('a client that goes away is seen by the plugin; an answer of the wrong length is broken off', async () => {
  let aborted = 0
  let isAsked = false
  let isClosed = false
  const tunnel = await withApp(async (app) => {
    app.get('/wait', async (request) => {
      request.signal.addEventListener('abort', () => aborted++)
      isAsked = true
      await once(request.raw, 'close')
      isClosed = request.raw.aborted
      return 'late'
    })
    app.get('/short', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200, { 'content-length': '10' })
      reply.raw.end('short')
    })
    app.get('/long', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200, { 'content-length': '2' })
      reply.raw.end('longer')
    })
  })
  void tunnel.get('/wait')
  await until(() => isAsked)
  tunnel.channel.reset(8)
  await until(() => isClosed, 'the plugin to be told')
  assert.equal(aborted, 1)
  for (const path of ['/short', '/long']) {
    const other = await mesh.tunnel()
    void other.get(path)
    assert.notEqual(await other.ended, 'end', path)
  }
})

test('a client that waits for leave gets it when the plugin wants the body, and an answer without it', async () => {
  const tunnel = await withApp(async (app) => {
    app.addHook('onRequest', async ({ headers }, reply) => {
      if (headers['x-user'] === undefined) return reply.code(401).send('who?')
    })
    app.post('/', async (request) => ({ got: request.body }))
  })
  const head =
    'POST / HTTP/1.1\r\nhost: api\r\ncontent-type: text/plain\r\ncontent-length: 5\r\nexpect: 100-continue\r\n'
  tunnel.write(`${head}x-user: ann\r\n\r\n`, 'POST')
  const answer = tunnel.answer()
  await until(() => tunnel.received > 0, 'leave to send')
  tunnel.write('hello')
  const { informational, body } = await answer
  assert.deepEqual([informational, body.toString()], [[100], '{"got":"hello"}'])
  tunnel.write(`${head}\r\n`, 'POST')
  const refused = await tunnel.answer()
  assert.deepEqual([refused.informational, refused.head.status], [[], 401])
  assert.equal(await tunnel.ended, 'end')
})

test('a body that is too long is refused before it has come, and the next tunnel is served', async () => {
  const tunnel = await withApp(
    async (app) => {
      app.post('/', async (request) => String(request.body).length)
    },
    { told: { limits: { body: 1000 } } },
  )
  tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-type: text/plain\r\ncontent-length: ${8 * MIB}\r\n\r\n`, 'POST')
  assert.equal((await tunnel.answer()).head.status, 413)
  const chunked = await mesh.tunnel()
  chunked.write(
    'POST / HTTP/1.1\r\nhost: api\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n',
    'POST',
  )
  chunked.write(`500\r\n${'x'.repeat(0x500)}\r\n`)
  assert.equal((await chunked.answer()).head.status, 413)
  const next = await mesh.tunnel()
  const fine = await next.request('POST', '/', 'content-type: text/plain\r\ncontent-length: 3\r\n', 'abc')
  assert.equal(text(fine), '3')
})

test('requests that follow each other on one tunnel are answered in order, whoever answers', async () => {
  const tunnel = await withApp(async (app) => {
    app.get('/slow', async () => {
      for (let i = 0; i < 5; i++) await new Promise(setImmediate)
      return 'slow'
    })
    app.get('/fast', (_request, reply) => reply.send('fast'))
    app.get('/pieces', (_request, reply) => {
      reply.hijack()
      reply.raw.setHeader('x-by', ['a', 'b'])
      reply.raw.write('one ')
      setImmediate(() => reply.raw.end('two'))
    })
  })
  const paths = ['/slow', '/fast', '/pieces', '/other', '/fast']
  const answers = await Promise.all(paths.map((path) => tunnel.get(path)))
  assert.deepEqual(answers.map(text), ['slow', 'fast', 'one two', 'pod: GET /other 0', 'fast'])
  assert.deepEqual(answers[2]?.head.headers.get('x-by'), 'a, b')
})

test('an error of a handler is an answer, a stream that breaks is seen, and the waypoint goes on', async () => {
  const tunnel = await withApp(async (app) => {
    app.get('/throws', async () => {
      throw new Error('no stock')
    })
    app.get('/breaks', (_request, reply) => {
      const source = new Readable({ read() {} })
      source.push('some')
      setImmediate(() => source.destroy(new Error('lost')))
      return reply.send(source)
    })
    app.get('/status', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(99)
      reply.raw.end()
    })
    app.get('/ok', async () => 'ok')
  })
  const answer = await tunnel.get('/throws')
  assert.deepEqual([answer.head.status, (JSON.parse(text(answer)) as { message: string }).message], [500, 'no stock'])
  assert.equal((await tunnel.get('/status')).head.status, 500)
  const broken = await mesh.tunnel()
  void broken.get('/breaks')
  assert.equal(await broken.ended, 'reset-error')
  const next = await mesh.tunnel()
  assert.equal(text(await next.get('/ok')), 'ok')
})

test('it is the same by HTTP/2', async () => {
  await withApp(async (app) => {
    app.post('/echo', async (request) => ({ got: request.body, by: request.headers.host }))
  })
  const door = await openDoor(mesh)
  const session = connect('http://api', { createConnection: () => connectTcp(door.port, '127.0.0.1') })
  try {
    const ask = async (path: string, body: string): Promise<string> => {
      const stream = session.request({ ':path': path, ':method': 'POST', 'content-type': 'application/json' })
      stream.setEncoding('utf8')
      stream.end(body)
      let got = ''
      for await (const piece of stream) got += String(piece)
      return got
    }
    assert.equal(await ask('/echo', '{"a":1}'), '{"got":{"a":1},"by":"api:80"}')
    assert.equal(await ask('/other', '{"a":1}'), 'pod: POST /other 7')
  } finally {
    session.destroy()
    door.close()
  }
})
