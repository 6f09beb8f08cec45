import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findField } from '../../src/http/h2/fields.ts'
import { dialH2, request } from '../support/http/h2-socket.ts'
import { freePort, skipWithout, startPeer } from '../support/peer-process.ts'
import type { PeerProcess } from '../support/peer-process.ts'

const sizes = [0, 1, 16_384, 1 << 20]
const body = (bytes: number): Buffer => Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31) & 0xff))
const fields = (method: string, path: string, ...more: readonly string[]): string[] => [
  ...[':method', method, ':scheme', 'http', ':authority', 'localhost', ':path', path],
  ...more,
]

describe('our HTTP/2 client with node:http2 as server', () => {
  const echo = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void => {
    stream.on('error', () => {})
    let trailers: http2.IncomingHttpHeaders = {}
    stream.on('trailers', (received: http2.IncomingHttpHeaders) => (trailers = received))
    if (headers[':path'] === '/hints') stream.additionalHeaders({ ':status': 103, link: '</a>' })
    stream.respond({ ':status': 200, 'x-echo': headers['x-echo'] ?? '' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-echo': trailers['x-echo'] ?? 'none' }))
    stream.pipe(stream)
  }
  const withServer = async (use: (port: number) => Promise<void>, options: http2.ServerOptions = {}): Promise<void> => {
    const server = http2.createServer(options, undefined)
    const sessions: http2.ServerHttp2Session[] = []
    server.on('session', (session) => sessions.push(session))
    server.on('stream', echo)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      await use((server.address() as AddressInfo).port)
    } finally {
      for (const session of sessions) session.destroy()
      server.close()
    }
  }

  for (const size of sizes) {
    it(`gets ${size} bytes echoed, and trailers`, () =>
      withServer(async (port) => {
        using dialled = await dialH2(port)
        const sent = { body: body(size), trailers: ['x-echo', 'b'] }
        const answer = await request(dialled.connection, fields('POST', '/', 'x-echo', 'a'), sent)
        assert.equal(findField(answer.fields, 'x-echo'), 'a')
        assert.ok(answer.body.equals(body(size)))
        assert.deepEqual(answer.trailers, ['x-echo', 'b'])
      }))
  }

  it('runs 100 streams at once', () =>
    withServer(async (port) => {
      using dialled = await dialH2(port)
      const sent = Array.from({ length: 100 }, (_, i) => body(i * 700))
      const answers = await Promise.all(
        sent.map((bytes) => request(dialled.connection, fields('POST', '/'), { body: bytes })),
      )
      assert.ok(answers.every(({ body: received }, i) => received.equals(sent[i] ?? Buffer.alloc(0))))
      assert.equal(dialled.connection.openStreams, 0)
    }))

  it('passes interim answers by', () =>
    withServer(async (port) => {
      using dialled = await dialH2(port)
      const answer = await request(dialled.connection, fields('GET', '/hints'))
      assert.equal(findField(answer.fields, ':status'), '200')
    }))

  it('sends and takes header lists that need CONTINUATION', () =>
    withServer(
      async (port) => {
        using dialled = await dialH2(port)
        const long = '~'.repeat(40_000)
        const answer = await request(dialled.connection, fields('GET', '/', 'x-echo', long))
        assert.equal(findField(answer.fields, 'x-echo'), long)
      },
      { settings: { maxHeaderListSize: 100_000 } },
    ))

  it('works with padding, small windows and tables', () =>
    withServer(
      async (port) => {
        using dialled = await dialH2(port, {}, { settings: { streamWindowBytes: 1000, connectionWindowBytes: 65_535 } })
        for (let i = 0; i < 3; i++) {
          const answer = await request(dialled.connection, fields('POST', '/', 'x-echo', 'a'), { body: body(200_000) })
          assert.ok(answer.body.equals(body(200_000)))
        }
      },
      {
        paddingStrategy: http2.constants.PADDING_STRATEGY_MAX,
        settings: { initialWindowSize: 500, headerTableSize: 0 },
      },
    ))

  it('has its PING answered', () =>
    withServer(async (port) => {
      const answered = Promise.withResolvers<void>()
      using dialled = await dialH2(port, { onPong: answered.resolve })
      dialled.connection.ping()
      await answered.promise
    }))
})

describe('our HTTP/2 client with nghttpd as server', { skip: skipWithout('nghttpd') }, () => {
  for (const [mode, args] of Object.entries({
    plainly: [],
    'with padding': ['-b', '200'],
    'with small windows': ['-w', '10', '-W', '16'],
    'with a table of 0 bytes': ['--header-table-size', '0'],
    'with trailers': ['--trailer', 'x-after: 1'],
  })) {
    it(`gets bodies echoed ${mode}`, async () => {
      const port = await freePort()
      using peer = await startPeer(
        'nghttpd',
        ['--no-tls', '--echo-upload', '-a', '127.0.0.1', ...args, String(port)],
        port,
      )
      assert.equal(peer.hasEnded(), false)
      using dialled = await dialH2(port)
      for (const size of sizes.slice(1)) {
        const answer = await request(dialled.connection, fields('POST', '/echo'), { body: body(size) })
        assert.equal(findField(answer.fields, ':status'), '200')
        assert.ok(answer.body.equals(body(size)), `${size} bytes`)
        if (mode === 'with trailers') assert.deepEqual(answer.trailers, ['x-after', '1'])
      }
      assert.equal(dialled.connection.isOpen, true)
    })
  }
})

describe('our HTTP/2 client with nginx as server', { skip: skipWithout('nginx', '-v') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-'))
  const file = body(1 << 20)
  let port = 0
  let peer: PeerProcess | undefined
  before(async () => {
    port = await freePort()
    writeFileSync(join(folder, 'file'), file)
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    )
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit; events {}
      http {
        access_log off; ${temp.join(' ')} client_max_body_size 10m;
        server {
          listen 127.0.0.1:${port} http2; root ${folder}; keepalive_requests 20;
          location = /text { return 200 "$http_x_echo"; }
        }
      }`,
    )
    peer = await startPeer('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], port)
  })
  after(() => {
    peer?.[Symbol.dispose]()
    rmSync(folder, { recursive: true })
  })

  it('fetches a large file', async () => {
    using dialled = await dialH2(port)
    const answer = await request(dialled.connection, fields('GET', '/file'))
    assert.equal(findField(answer.fields, 'content-length'), String(file.length))
    assert.ok(answer.body.equals(file))
  })

  it('asks for the head alone', async () => {
    using dialled = await dialH2(port)
    const answer = await request(dialled.connection, fields('HEAD', '/file'))
    assert.equal(findField(answer.fields, 'content-length'), String(file.length))
    assert.equal(answer.body.length, 0)
  })

  it('uploads bodies that nobody reads', async () => {
    using dialled = await dialH2(port)
    for (const size of sizes) {
      const answer = await request(dialled.connection, fields('POST', '/text', 'x-echo', 'a'), { body: body(size) })
      assert.equal(answer.body.toString(), 'a')
    }
  })

  it('hears when it is told to go, and finishes what it began', async () => {
    const goaways: number[] = []
    using dialled = await dialH2(port, { onGoaway: (_last, code) => goaways.push(code) })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => request(dialled.connection, fields('GET', '/file'))),
    )
    assert.ok(answers.every((answer) => answer.body.equals(file)))
    assert.deepEqual(goaways, [0])
    assert.equal(dialled.connection.freeStreams, 0)
  })
})
