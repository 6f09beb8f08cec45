import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP relay on a port of its own, whose connections can be cut. */
export interface Relay {
  readonly port: number
  readonly cut: () => void
  /** Takes no connections until `open`. */
  readonly close: () => Promise<void>
  readonly open: () => Promise<void>
}

export const startRelay = async (targetPort: number): Promise<Relay> => {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket
      .setNoDelay(true)
      .on('error', () => {})
      .once('close', () => sockets.delete(socket))
  }
  const server = createServer((inside) => {
    const outside = keep(connect(targetPort, '127.0.0.1'))
    keep(inside).pipe(outside).pipe(inside)
    inside.once('close', () => outside.destroy())
    outside.once('close', () => inside.destroy())
  })
  const cut = (): void => sockets.forEach((socket) => socket.destroy())
  const open = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await open(0)
  return {
    port,
    cut,
    open: async () => void (await open(port)),
    close: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}
