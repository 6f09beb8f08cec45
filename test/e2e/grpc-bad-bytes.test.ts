/** What HTTP/2 does not know, from either side: trailers before the head are an error of that call alone, blanks around metadata none. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import * as h2 from '../../src/http/h2/constants.ts'
import { findField } from '../../src/http/h2/fields.ts'
import { ignoreStream } from '../../src/http/h2/stream.ts'
import {
  clientPreface,
  createBlockWriter,
  dataFrame,
  formatVerdict,
  headersFrame,
  parseFrames,
  settingsFrame,
} from '../support/http/h2-frames.ts'
import { dialH2, request, serveH2 } from '../support/http/h2-socket.ts'
import { GrpcMesh } from '../support/mesh/grpc-mesh.ts'
import { until } from '../support/mesh/mesh.ts'
import { serveTcp } from '../support/tls/tls-app.ts'

const END = h2.FLAG_END_STREAM | h2.FLAG_END_HEADERS

let setting: GrpcMesh
afterEach(() => setting.close())

/** The frames of the bytes so far; the last may be cut. */
const framesOf = (bytes: Buffer): ReturnType<typeof parseFrames> => {
  let end = 0
  while (end + 9 <= bytes.length && end + 9 + bytes.readUIntBE(end, 3) <= bytes.length) {
    end += 9 + bytes.readUIntBE(end, 3)
  }
  return parseFrames(bytes.subarray(0, end))
}

test('a client that sends trailers first has that stream reset, and the next one answered', async () => {
  setting = await GrpcMesh.start()
  const chat = setting.chat()
  await chat.say('before')
  const block = createBlockWriter()
  const socket = connect(setting.door.port, '127.0.0.1')
  let got = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => (got = Buffer.concat([got, chunk])))
  socket.write(Buffer.concat([clientPreface, settingsFrame(), headersFrame(END, 1, block('grpc-status', '0'))]))
  const fields = [':method', 'POST', ':scheme', 'http', ':authority', 'api', ':path', '/echo.Echo/Unary']
  const head = block(...fields, 'content-type', 'application/grpc', 'te', 'trailers')
  socket.write(headersFrame(h2.FLAG_END_HEADERS, 3, head))
  socket.write(dataFrame(h2.FLAG_END_STREAM, 3, Buffer.from('\0\0\0\0\x05hello', 'latin1')))
  const answers = (): readonly number[] =>
    framesOf(got)
      .filter(({ type, flags }) => type === h2.FRAME_HEADERS && (flags & h2.FLAG_END_STREAM) > 0)
      .map(({ streamId }) => streamId)
  await until(() => answers().length > 0, 'an answer')
  assert.deepEqual(answers(), [3])
  assert.deepEqual(formatVerdict(Buffer.from(got)), ['stream 1 PROTOCOL_ERROR'])
  socket.end()
  await once(socket, 'close')
  assert.equal(await chat.say('behind'), 'behind')
})

test('a server that sends trailers first has failed that call, and neither the others nor the connection', async () => {
  setting = await GrpcMesh.start()
  const chat = setting.chat()
  await chat.say('before')
  let connections = 0
  const server = await serveTcp({ address: '127.0.0.1' }, (socket) => {
    connections++
    socket.write(settingsFrame())
    const block = createBlockWriter()
    let seen = Buffer.alloc(0)
    const answered = new Set<number>()
    socket.on('data', (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk])
      for (const { streamId } of framesOf(seen.subarray(clientPreface.length)).filter(
        ({ type }) => type === h2.FRAME_HEADERS,
      )) {
        if (answered.has(streamId)) continue
        answered.add(streamId)
        if (answered.size === 1) socket.write(headersFrame(END, streamId, block('grpc-status', '0')))
        else {
          const fields = [':status', '200', 'content-type', 'application/grpc', 'grpc-status', '5']
          socket.write(headersFrame(END, streamId, block(...fields)))
        }
      }
    })
  })
  setting.put(server.port)
  const { error } = await setting.call('hello')
  assert.equal(error?.code, grpc.status.UNAVAILABLE)
  assert.match((await setting.mesh.record(1)).upstreamFailure, /malformed answer/)
  assert.equal((await setting.call('hello')).error?.code, grpc.status.NOT_FOUND)
  assert.equal(connections, 1)
  assert.equal(await chat.say('behind'), 'behind')
  await server[Symbol.asyncDispose]()
})

test('values that begin or end with blanks, as libraries in C++ and Python send them, arrive without', async () => {
  setting = await GrpcMesh.start()
  const { mesh, door } = setting
  const asked: string[][] = []
  using server = await serveH2((connection, stream, fields) => {
    asked.push(fields)
    connection.headers(stream, [':status', '200', 'content-type', 'application/grpc', 'x-head', ' a '], false)
    connection.headers(stream, ['grpc-status', '15', 'grpc-message', 'failed: '], true)
    return ignoreStream
  })
  setting.put(server.port)
  using client = await dialH2(door.port)
  const head = [':method', 'POST', ':scheme', 'http', ':authority', 'api', ':path', '/echo.Echo/Unary']
  const metadata = ['content-type', 'application/grpc', 'te', 'trailers', 'x-blank', '\t b ']
  const { fields, trailers } = await request(client.connection, [...head, ...metadata])
  assert.deepEqual([findField(fields, 'x-head'), findField(asked[0] ?? [], 'x-blank')], ['a', 'b'])
  assert.deepEqual(trailers, ['grpc-status', '15', 'grpc-message', 'failed:'])
  assert.equal((await mesh.record(1)).grpcStatus, '15')
})
