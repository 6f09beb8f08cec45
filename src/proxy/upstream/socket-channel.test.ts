import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { it, type TestContext } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { Counters } from '../counters.ts'
import { Flusher } from '../flusher.ts'
import { ByteBudget } from '../limits/byte-budget.ts'
import { dialPlain, type SocketChannel } from './socket-channel.ts'

/** Both ends of a connection; the server's says nothing, and reads nothing before it is told to. */
const connectBoth = async (t: TestContext) => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const gone = Promise.withResolvers<void>()
  const channel = await new Promise<SocketChannel>((resolve, reject) => {
    const options = {
      ...{ address: '127.0.0.1', port: (server.address() as AddressInfo).port, timeoutMs: 5000, clock: systemClock },
      flusher: new Flusher(),
      budget: new ByteBudget(1e9, new Counters(), () => {}),
      onFault: reject,
      onTimeout: reject,
      onGone: gone.resolve,
    }
    dialPlain(options, (result) => ('channel' in result ? resolve(result.channel) : reject(new Error(result.failure))))
  })
  const [peer] = await accepted
  t.after(() => peer.destroy())
  return { channel, peer, gone: gone.promise }
}

/** What the peer sees: bytes, and whether they ended or broke off. */
const readAll = (peer: Socket): Promise<{ readonly bytes: number; readonly end: string }> =>
  new Promise((resolve) => {
    let bytes = 0
    peer.on('data', (chunk: Buffer) => (bytes += chunk.length))
    peer.on('end', () => resolve({ bytes, end: 'ended' }))
    peer.on('error', (error: NodeJS.ErrnoException) => resolve({ bytes, end: error.code ?? error.message }))
    peer.resume()
  })

it('a connection that is given up right behind its end is closed', async (t) => {
  const { channel, peer, gone } = await connectBoth(t)
  channel.sendText('x')
  channel.end()
  channel.flush()
  channel.abort()
  // Whatever the peer does: it may never say anything again.
  await gone
  assert.equal((await readAll(peer)).bytes, 1)
})

it('what was given up in the middle of its bytes does not look whole', async (t) => {
  const { channel, peer, gone } = await connectBoth(t)
  const bytes = Buffer.alloc(32 * 1024 * 1024)
  channel.send(bytes, 0, bytes.length)
  channel.end()
  channel.flush()
  assert.ok(channel.queuedBytes > 0)
  channel.abort()
  await gone
  const seen = await readAll(peer)
  assert.equal(seen.end, 'ECONNRESET')
  assert.ok(seen.bytes < bytes.length)
})

it('an end comes behind all that was sent', async (t) => {
  const { channel, peer } = await connectBoth(t)
  const bytes = Buffer.alloc(32 * 1024 * 1024)
  channel.send(bytes, 0, bytes.length)
  channel.end()
  channel.flush()
  assert.deepEqual(await readAll(peer), { bytes: bytes.length, end: 'ended' })
})
