import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Keeps no more than `most` connections of a server: who comes when there are as many takes the place of the one that has been
 * waiting the longest without a whole question, or else of the first that does not take its answer. Whoever holds connections
 * open, or asks and reads slowly, keeps nobody out, the kubelet and Prometheus least of all.
 */
export const limitConnections = (server: Server, most: number): void => {
  /** What each asks just now, in the order in which they began to wait for it. */
  const open = new Map<Socket, IncomingMessage | undefined>()
  server.on('connection', (socket: Socket) => {
    socket.once('close', () => open.delete(socket))
    open.set(socket, undefined)
    if (open.size <= most) return
    // Where all others are being answered it is this one.
    const out = findIdle(open, socket) ?? findStalled(open) ?? socket
    open.delete(out)
    out.destroy()
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    if (open.has(socket)) open.set(socket, request)
    response.once('close', () => {
      if (open.get(socket) !== request) return
      open.delete(socket)
      if (!socket.destroyed) open.set(socket, undefined)
    })
  })
}

/** One without a question, or with a part of one: a head whose body does not come. */
const findIdle = (open: ReadonlyMap<Socket, IncomingMessage | undefined>, newest: Socket): Socket | undefined => {
  for (const [socket, request] of open) if (socket !== newest && request?.complete !== true) return socket
  return undefined
}

/** One whose answer waits for it. */
const findStalled = (open: ReadonlyMap<Socket, IncomingMessage | undefined>): Socket | undefined => {
  for (const socket of open.keys()) if (socket.writableLength > 0) return socket
  return undefined
}
