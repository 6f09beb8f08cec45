import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { closeServer, createMetricsServer, listen } from './server.ts'

const QUESTION = 'GET /stats/prometheus HTTP/1.1\r\nhost: a\r\n\r\n'

const open = async (t: TestContext, server: Server): Promise<Socket> => {
  const address = await listen(server, { host: '127.0.0.1', port: 0, role: 'metrics' })
  t.after(() => closeServer(server))
  const socket = connect(Number(address.split(':').at(-1)), '127.0.0.1')
  t.after(() => socket.destroy())
  // It is thrown out.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

test('questions that do not wait for the answer before them end the connection, and none is worked at beside another', async (t) => {
  let asked = 0
  const answer = Promise.withResolvers<string>()
  const socket = await open(
    t,
    createMetricsServer(() => {
      asked++
      return answer.promise
    }),
  )
  socket.resume().write(QUESTION.repeat(1000))
  await once(socket, 'close')
  answer.resolve('')
  assert.equal(asked, 1)
})

test('a page that nobody reads is kept for a minute at most', async (t) => {
  const given = Promise.withResolvers<void>()
  const server = createMetricsServer(async function* () {
    try {
      for (;;) yield 'x'.repeat(1024 * 1024)
    } finally {
      given.resolve()
    }
  })
  assert.equal(server.timeout, 60_000)
  server.timeout = 100
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const socket = await open(t, server)
  socket.pause().write(QUESTION)
  await once((await accepted)[0], 'close')
  await given.promise
})
