import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { seededRandom } from '../../test/support/random.ts'
import { readDirectly } from './read-directly.ts'

const open: { close(): void }[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

const openPair = async (): Promise<{ readonly near: Socket; readonly far: Socket }> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [near] = (await once(server, 'connection')) as [Socket]
  open.push(server, { close: () => void near.destroy() }, { close: () => void far.destroy() })
  return { near, far }
}

/** Notes by which way each read came. */
const countEvents = (socket: Socket): { events: number } => {
  const count = { events: 0 }
  const emit = socket.emit.bind(socket)
  socket.emit = ((name: string, ...values: unknown[]): boolean => {
    if (name === 'data') count.events++
    return emit(name, ...values)
  }) as Socket['emit']
  return count
}

describe('reading directly', () => {
  it('takes no detour while the socket flows, and the end comes after all bytes', async () => {
    const { near, far } = await openPair()
    const count = countEvents(near)
    const got: Buffer[] = []
    readDirectly(near, (chunk) => {
      got.push(Buffer.from(chunk))
      if (got.length < 20) far.write(`piece ${got.length};`)
      else if (got.length === 20) far.end('last')
    })
    far.write('first;')
    await once(near, 'end')
    assert.match(Buffer.concat(got).toString(), /^first;piece 1;.*piece 19;last$/)
    // What Node does with a read: should that change, this is where it is noticed.
    assert.equal(count.events, 0)
  })

  for (const seed of [1, 2, 3]) {
    it(`loses nothing and keeps the order when it is paused, put back and resumed (seed ${seed})`, async () => {
      const { near, far } = await openPair()
      const random = seededRandom(seed)
      const sent = Buffer.from(Array.from({ length: 300_000 }, () => random.below(256)))
      const got: Buffer[] = []
      readDirectly(near, (chunk) => {
        const taken = random.chance(0.3) ? random.below(chunk.length + 1) : chunk.length
        got.push(Buffer.from(chunk.subarray(0, taken)))
        if (taken === chunk.length && random.chance(0.7)) return
        near.pause()
        if (taken < chunk.length) near.unshift(chunk.subarray(taken))
        setImmediate(() => near.resume())
      })
      const sendSome = (at: number): void => {
        const end = at + 1 + random.below(20_000)
        far.write(sent.subarray(at, end))
        if (end < sent.length) setImmediate(() => sendSome(end))
        else far.end()
      }
      sendSome(0)
      await once(near, 'end')
      assert.ok(Buffer.concat(got).equals(sent))
    })
  }

  it('hears of nothing behind an error', async () => {
    const { near, far } = await openPair()
    let reads = 0
    readDirectly(near, () => {
      reads++
      near.destroy()
    })
    far.on('error', () => {})
    far.write('a')
    await once(near, 'close')
    far.write('b')
    assert.equal(reads, 1)
  })
})
