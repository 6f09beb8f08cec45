import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { SeededRandom } from './random.ts'

/** Resolves with `value` in the next turn of the event loop. */
export const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(resolve, value))

/** The next turn of the event loop. */
export const turn = (): Promise<void> => later(undefined)

/** Waits for some turns, fewer than `limit`: as many as chance has it. */
export const createSoon =
  ({ below }: SeededRandom, limit = 6) =>
  async (): Promise<void> => {
    for (let turns = below(limit); turns > 0; turns--) await turn()
  }

/** Sends a byte over loopback and resolves when it is back here. While none is on its way nothing keeps the process alive. */
const openProbe = async (): Promise<() => Promise<void>> => {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server has one.
  const { port } = server.address() as AddressInfo
  const near = connect({ port, host: '127.0.0.1', noDelay: true })
  const [far] = (await once(server, 'connection')) as [Socket]
  server.close()
  near.unref()
  far.unref()
  const waiting: (() => void)[] = []
  far.on('data', (bytes) => {
    for (const done of waiting.splice(0, bytes.length)) done()
    if (waiting.length === 0) far.unref()
  })
  return () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.push(resolve)
    far.ref()
    near.write('.')
    return promise
  }
}

const createArrivals = (): ((hops?: number) => Promise<void>) => {
  let opening: ReturnType<typeof openProbe> | undefined
  return async (hops = 10) => {
    const send = await (opening ??= openProbe())
    for (let hop = 0; hop < hops; hop++) {
      await send()
      // What came before it is answered in this turn, or at the beginning of the next.
      await turn()
      await turn()
    }
  }
}

/**
 * Resolves when what this process has sent to itself over loopback has arrived, what was sent in answer to that, and
 * so on for so many `hops` (default: 10, a request's way to an endpoint and back with room to spare): loopback is a
 * queue. Turns of the loop say nothing about that: where the kernel is busy, hundreds are over before a byte has come.
 */
export const arrivals = createArrivals()
