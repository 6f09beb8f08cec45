import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { startDelayProxy } from './delay-proxy.ts'

const DELAY_MS = 40

/** An echo behind the proxy, and a connection to it. */
const withEcho = async (use: (client: Socket) => Promise<void>, delayMs: number): Promise<void> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => void socket.on('error', () => {}).pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  {
    await using proxy = await startDelayProxy({
      ...{ host: '127.0.0.1', port: 0, to: `127.0.0.1:${address.port}` },
      ...{ delayMs, jitterMs: delayMs },
    })
    const client = connect({ host: '127.0.0.1', port: Number(proxy.address.split(':')[1]), allowHalfOpen: true })
    await once(client, 'connect')
    await use(client)
    client.destroy()
  }
  server.close()
}

test('there and back takes the delay twice at least', async () => {
  await withEcho(async (client) => {
    const startMs = performance.now()
    client.write('a')
    await once(client, 'data')
    assert.ok(performance.now() - startMs >= 2 * DELAY_MS)
  }, DELAY_MS)
})

test('every byte comes in order, and the end behind them', async () => {
  await withEcho(async (client) => {
    const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251))
    const pieces: Buffer[] = []
    client.on('data', (piece: Buffer) => void pieces.push(piece))
    for (let at = 0; at < sent.length; at += 70_000) client.write(sent.subarray(at, at + 70_000))
    client.end()
    await once(client, 'end')
    assert.ok(Buffer.concat(pieces).equals(sent))
  }, 2)
})
