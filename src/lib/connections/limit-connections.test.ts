import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { it, type TestContext } from 'node:test'
import { limitConnections } from './limit-connections.ts'

const MOST = 4
/** More than what sockets of both sides take without a reader. */
const LARGE = 32 * 1024 * 1024

/** A server that answers `/` at once, and anything else when it is told to. */
const listen = async (t: TestContext) => {
  const answerLate: (() => void)[] = []
  const server: Server = createServer((request, response) => {
    if (request.url === '/') response.end('ready')
    else if (request.url === '/large') response.end(Buffer.alloc(LARGE))
    else if (request.url === '/body') request.resume().on('end', () => response.end('read'))
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
  return { open, ask, answerLate, server }
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

const STALLED = [
  { what: 'with a body that does not come', head: 'POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf' },
  { what: 'of which nobody reads the answer', head: 'GET /large HTTP/1.1\r\nhost: a\r\n\r\n' },
]

for (const { what, head } of STALLED) {
  it(`questions ${what} keep nobody from an answer, and the oldest goes`, async (t) => {
    const { open, ask, server } = await listen(t)
    const stalled = []
    for (let i = 0; i < MOST; i++) {
      const asked = once(server, 'request')
      const socket = await open(head)
      socket.pause()
      await asked
      stalled.push(socket)
    }
    const gone = once(stalled[0] ?? assert.fail(), 'close')
    assert.equal(await ask(), 'ready')
    stalled[0]?.resume()
    await gone
    assert.deepEqual(
      stalled.map(({ destroyed }) => destroyed),
      [true, false, false, false],
    )
  })
}

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
