/** TCP that takes longer: what a link of many kilometres does to bytes, for kernels that cannot do it (no netem). */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface DelayProxyOptions {
  readonly host: string
  readonly port: number
  /** `HOST:PORT`. */
  readonly to: string
  /** Each way. */
  readonly delayMs: number
  /** Up to so much more, anew for each piece that is read; nothing overtakes what was sent before. Default 0. */
  readonly jitterMs?: number
  readonly random?: () => number
}

export interface DelayProxy extends AsyncDisposable {
  /** `HOST:PORT` where it listens. */
  readonly address: string
}

/** Above this no more is read from a side until the other has taken it; what is on its way counts, as on a real link. */
const MAX_ON_THE_WAY_BYTES = 1024 * 1024

/** Starts it; disposing of it resets all connections. */
export const startDelayProxy = async (options: DelayProxyOptions): Promise<DelayProxy> => {
  const [host = '', port] = options.to.split(':')
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
    relay(near, far, options)
    relay(far, near, options)
  })
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return {
    address: `${options.host}:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.resetAndDestroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** One way: bytes, the end and resets, all after the delay and in order. */
const relay = (from: Socket, to: Socket, { delayMs, jitterMs = 0, random = Math.random }: DelayProxyOptions): void => {
  let [lastDueMs, onTheWay] = [0, 0]
  const later = (act: () => void): void => {
    const nowMs = performance.now()
    lastDueMs = Math.max(lastDueMs, nowMs + delayMs + random() * jitterMs)
    // Timers of one delay keep their order, but those of several do not: what is due earlier is done first all the same.
    queue.push({ dueMs: lastDueMs, act })
    if (queue.length === 1) setTimeout(work, lastDueMs - nowMs)
  }
  const queue: { readonly dueMs: number; readonly act: () => void }[] = []
  const work = (): void => {
    const nowMs = performance.now()
    for (let next = queue[0]; next !== undefined && next.dueMs <= nowMs; next = queue[0]) {
      queue.shift()
      next.act()
    }
    const [next] = queue
    if (next !== undefined) setTimeout(work, Math.max(1, next.dueMs - nowMs))
  }
  from.on('data', (piece) => {
    onTheWay += piece.length
    if (onTheWay > MAX_ON_THE_WAY_BYTES) from.pause()
    later(() => {
      if (to.destroyed) return
      to.write(piece, () => {
        onTheWay -= piece.length
        if (from.isPaused()) from.resume()
      })
    })
  })
  from.on('end', () => later(() => to.end()))
  from.on('error', () => later(() => to.resetAndDestroy()))
  from.on('close', () => later(() => void (to.destroyed || to.writableEnded || to.destroy())))
}
