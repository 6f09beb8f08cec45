import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { it, type TestContext } from 'node:test'
import { limitConnections } from './limit-connections.ts'

const MOST = 4

/** A server that answers `/` at once, and anything else when it is told to. */
const listen = async (t: TestContext) => {
  const answerLate: (() => void)[] = []
  const server: Server = createServer((request, response) => {
    if (request.url === '/') response.end('ready')
    else answerLate.push(() => response.end('late'))
  }).listen(0, '127.0.0.1')
  limitConnections(server, MOST)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const open = async (text = ''): Promise<Socket> => {
    const accepted = once(server, 'connection')
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    t.after(() => socket.destroy())
    // Those that are thrown out may find it as an error.
    socket.on('error', () => {})
    await accepted
    return socket
  }
  const ask = async (): Promise<string> => {
    const [response]: IncomingMessage[] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response')
    assert.ok(response)
    return Buffer.concat(await Array.fromAsync(response)).toString()
  }
  return { open, ask, answerLate }
}

it('whoever holds connections open keeps nobody from an answer, and the oldest goes', async (t) => {
  const { open, ask } = await listen(t)
  const silent = [await open(), await open(), await open(), await open()]
  const gone = once(silent[0] ?? assert.fail(), 'close')
  assert.equal(await ask(), 'ready')
  await gone
  assert.deepEqual(
    silent.map(({ destroyed }) => destroyed),
    [true, false, false, false],
  )
})

it('who is being answered stays', async (t) => {
  const { open, ask, answerLate } = await listen(t)
  const asking = await open('GET /late HTTP/1.1\r\nhost: a\r\n\r\n')
  while (answerLate.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  const answer = once(asking, 'data') as Promise<[Buffer]>
  for (let i = 0; i < 3 * MOST; i++) await open()
  assert.equal(await ask(), 'ready')
  answerLate[0]?.()
  assert.match(String((await answer)[0]), /^HTTP\/1\.1 200 OK\r\n/)
})

it('where all are being answered a further one is turned away', async (t) => {
  const { open, answerLate } = await listen(t)
  const asking = []
  for (let i = 0; i < MOST; i++) asking.push(await open('GET /late HTTP/1.1\r\nhost: a\r\n\r\n'))
  while (answerLate.length < MOST) await new Promise((resolve) => setTimeout(resolve, 1))
  const further = await open()
  if (!further.destroyed) await once(further, 'close')
  assert.deepEqual(
    asking.map(({ destroyed }) => destroyed),
    asking.map(() => false),
  )
})
