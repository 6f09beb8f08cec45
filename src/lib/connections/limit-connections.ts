import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Keeps no more than `most` connections of a server: who comes when there are as many takes the place of the one that has been
 * waiting the longest without a question. Whoever holds connections open keeps nobody out, the kubelet and Prometheus least of all.
 */
export const limitConnections = (server: Server, most: number): void => {
  let open = 0
  /** In the order in which they began to wait. */
  const waiting = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open++
    waiting.add(socket)
    socket.once('close', () => {
      open--
      waiting.delete(socket)
    })
    if (open <= most) return
    // Where all others are being answered it is this one.
    const [oldest] = waiting
    oldest?.destroy()
  })
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    waiting.delete(socket)
    response.once('close', () => {
      if (!socket.destroyed) waiting.add(socket)
    })
  })
}
