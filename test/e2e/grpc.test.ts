/** gRPC as people use it: grpc-js as client and server, with the waypoint between them. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterEach, test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { echoService } from '../support/peers/grpc-echo.ts'
import type { EchoLog } from '../support/peers/grpc-echo.ts'
import { GrpcMesh } from '../support/mesh/grpc-mesh.ts'
import type { MeshOptions } from '../support/mesh/mesh.ts'
import { until } from '../support/mesh/mesh.ts'

let setting: GrpcMesh
afterEach(() => setting.close())

const start = async (options: MeshOptions = {}): Promise<EchoLog> => {
  setting = await GrpcMesh.start(options)
  return setting.log
}

const { unary, collect, repeat, chat } = echoService

test('a unary call is answered, with its trailers', async () => {
  const log = await start()
  const { value, trailers, error } = await setting.call('hello')
  assert.deepEqual([error, value?.toString(), trailers.get('x-trailer')], [null, 'hello', ['end']])
  assert.ok((log.metadata[0]?.get('x-request-id').length ?? 0) > 0)
  const record = await setting.mesh.record(1)
  assert.deepEqual(
    [record.protocol, record.grpcStatus, record.status, record.httpVersion],
    ['grpc', '0', 200, 'HTTP/2'],
  )
})

for (const code of [1, 5, 7, 8, 14, 16]) {
  test(`status ${code} arrives with its message and trailers`, async () => {
    await start()
    const { error, trailers } = await setting.call(`fail ${code}`)
    assert.deepEqual([error?.code, error?.details, trailers.get('x-trailer')], [code, 'as you wish: ü', ['end']])
    assert.equal((await setting.mesh.record(1)).grpcStatus, String(code))
  })
}

test('messages of 4 MB pass in both directions', async () => {
  await start()
  // Anything is content, also what looks like the words of an order, which only begins with `fail`.
  const sent = Buffer.concat([Buffer.from('a b \u0000'), randomBytes(4 * 1024 * 1024)])
  const { value, error } = await setting.call(sent)
  assert.equal(error, null)
  assert.ok(value?.equals(sent))
})

test('a client streams', async () => {
  await start()
  const answer = Promise.withResolvers<Buffer | undefined>()
  const stream = setting.client.makeClientStreamRequest(
    collect.path,
    collect.requestSerialize,
    collect.responseDeserialize,
    (error, value) => (error === null ? answer.resolve(value) : answer.reject(error)),
  )
  const pieces = Array.from({ length: 50 }, () => randomBytes(10_000))
  for (const piece of pieces) stream.write(piece)
  stream.end()
  assert.ok((await answer.promise)?.equals(Buffer.concat(pieces)))
})

test('a server streams', async () => {
  await start()
  const stream = setting.client.makeServerStreamRequest(
    repeat.path,
    repeat.requestSerialize,
    repeat.responseDeserialize,
    Buffer.from('again'),
  )
  const got: string[] = []
  for await (const piece of stream) got.push(String(piece))
  assert.deepEqual(
    got,
    Array.from({ length: 10 }, () => 'again'),
  )
})

test('both stream, each message as soon as it is said', async () => {
  await start()
  const stream = setting.client.makeBidiStreamRequest(chat.path, chat.requestSerialize, chat.responseDeserialize)
  for (let i = 0; i < 20; i++) {
    stream.write(Buffer.from(`word ${i}`))
    const [echo] = (await once(stream, 'data')) as [Buffer]
    assert.equal(echo.toString(), `word ${i}`)
  }
  stream.end()
  await once(stream, 'end')
})

test('a deadline is kept, and the endpoint told', async () => {
  const log = await start()
  const { error } = await setting.call('never', { deadline: Date.now() + 300 })
  assert.equal(error?.code, grpc.status.DEADLINE_EXCEEDED)
  await until(() => log.cancelled.length > 0, 'the endpoint to hear of it')
  assert.ok(Number(log.deadlines[0]) < Infinity)
  await until(() => setting.mesh.counters.activeExchanges === 0)
})

test('a client that cancels is told to the endpoint, before and within an answer', async () => {
  const log = await start()
  const request = setting.client.makeUnaryRequest(
    unary.path,
    unary.requestSerialize,
    unary.responseDeserialize,
    Buffer.from('never'),
    () => {},
  )
  await until(() => log.metadata.length === 1)
  request.cancel()
  await until(() => log.cancelled.includes('unary'))
  const stream = setting.client.makeServerStreamRequest(
    repeat.path,
    repeat.requestSerialize,
    repeat.responseDeserialize,
    Buffer.from('forever'),
  )
  stream.on('error', () => {})
  await once(stream, 'data')
  stream.cancel()
  await until(() => log.cancelled.includes('repeat'))
  await until(() => setting.mesh.counters.activeExchanges === 0)
})

test('a thousand calls at once are answered, each with its own', async () => {
  // On a machine that is busy with others, the last of them may wait for seconds, and be refused as in any overload.
  await start({ overload: { waitMs: 0 } })
  const words = Array.from({ length: 1000 }, (_, i) => `call ${i}`)
  const answers = await Promise.all(words.map(async (word) => (await setting.call(word)).value?.toString()))
  assert.deepEqual(answers, words)
})

test('an endpoint that dies in the middle of calls ends them with UNAVAILABLE, or what it said', async () => {
  const log = await start()
  const calls = Promise.all(Array.from({ length: 5 }, () => setting.call('never')))
  await until(() => log.metadata.length === 5)
  setting.server.forceShutdown()
  for (const { error } of await calls) assert.equal(error?.code, grpc.status.UNAVAILABLE)
})

test('without an endpoint a call is UNAVAILABLE at once', async () => {
  await start()
  setting.mesh.apply(setting.mesh.model({ api: [] }))
  const { error } = await setting.call('hello')
  assert.deepEqual([error?.code, error?.details], [grpc.status.UNAVAILABLE, 'no endpoint of the service is ready'])
})
