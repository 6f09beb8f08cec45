import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { createServer as createHttp1 } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { startAuthzMesh } from '../../../../../test/support/ext-authz/authz-mesh.ts'
import { writeCheckResponse } from '../../../../../test/support/ext-authz/check-wire.ts'
import type { Mesh } from '../../../../../test/support/mesh/mesh.ts'

let mesh: Mesh
let server: Http2Server | Server
const sessions: ServerHttp2Session[] = []
afterEach(async () => {
  await mesh.close()
  for (const session of sessions.splice(0)) session.destroy()
  server.close()
})

const GRPC = { ':status': 200, 'content-type': 'application/grpc' }
const message = (bytes: Buffer, flag = 0): Buffer => {
  const head = Buffer.from([flag, 0, 0, 0, 0])
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}
const yes = writeCheckResponse({ code: 0 })

/** Answers with these pieces, and trailers. */
const answer =
  (pieces: readonly Buffer[], trailers: Readonly<Record<string, string>> | undefined, head: object = GRPC) =>
  (stream: ServerHttp2Stream): void => {
    stream.respond({ ...head }, { waitForTrailers: trailers !== undefined })
    stream.on('wantTrailers', () => stream.sendTrailers({ ...trailers }))
    for (const piece of pieces) stream.write(piece)
    stream.end()
  }

const OK = { 'grpc-status': '0' }

const cases: readonly (readonly [name: string, onStream: (stream: ServerHttp2Stream) => void, why: RegExp])[] = [
  ['answers with a page', answer([Buffer.from('<html>')], OK, { ':status': 404 }), /HTTP status 404/],
  ['answers 200 with a page', answer([Buffer.from('<html>')], OK, { ':status': 200 }), /not of type application\/grpc/],
  ['forgets its status', answer([message(yes)], undefined), /gRPC status missing/],
  ['compresses', answer([message(yes, 1)], OK), /is compressed/],
  ['answers twice', answer([message(yes), message(yes)], OK), /not one gRPC message/],
  ['says a wrong length', answer([message(yes), Buffer.from('x')], OK), /not one gRPC message/],
  ['says nothing', answer([], OK), /0 bytes that are not one gRPC message/],
  ['announces 4 GiB', answer([Buffer.from([0, 255, 255, 255, 255])], OK), /not one gRPC message/],
  ['resets the stream', (stream) => stream.close(2), /./],
  [
    'resets the stream in the middle',
    (stream) => {
      stream.respond(GRPC)
      stream.write(message(yes), () => stream.close(2))
    },
    /./,
  ],
  ['breaks the connection', (stream) => stream.session?.destroy(), /./],
  [
    'never ends',
    (stream) => {
      stream.respond(GRPC)
      const more = (): void =>
        void stream.write(Buffer.alloc(16_384), (error) => {
          if (error === undefined || error === null) more()
        })
      more()
    },
    /more than 262144 bytes/,
  ],
  [
    'has huge fields',
    answer([message(yes)], OK, { ...GRPC, 'x-a': 'b'.repeat(60_000), 'x-c': 'd'.repeat(60_000) }),
    /./,
  ],
]

const start = async (): Promise<number> => {
  const { port } = server.address() as AddressInfo
  mesh = await startAuthzMesh({ port })
  const { head } = await (await mesh.tunnel()).get('/')
  return head.status
}

describe('a gRPC provider that', () => {
  for (const [name, onStream, why] of cases) {
    it(`${name} has the request refused`, async () => {
      server = createServer()
      server.on('session', (session: ServerHttp2Session) => {
        sessions.push(session)
        session.on('error', () => {})
      })
      server.on('stream', (stream: ServerHttp2Stream) => {
        stream.on('error', () => {})
        onStream(stream)
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      assert.equal(await start(), 403)
      assert.equal((await mesh.record(1)).details, 'ext_authz_error')
      assert.equal(mesh.pod.requests, 0)
      assert.match(mesh.logs.join(''), why)
      assert.match(mesh.logs.join(''), /provider authz: Service shop\/authz:80 gives no answer/)
    })
  }

  it('speaks HTTP/1.1 has the request refused', async () => {
    const http1 = createHttp1((_, response) => response.end('hello'))
    server = http1
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    assert.equal(await start(), 403)
    http1.closeAllConnections()
  })
})
