import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { TunnelChannel } from '../../../src/proxy/hbone/tunnel.ts'
import { VIP } from './mesh.ts'
import type { Mesh } from './mesh.ts'

/** Bytes that wait in the client's socket, above which the tunnel is not read. */
const HIGH_WATER_BYTES = 64 * 1024

/** What stands in for the client's ztunnel: a local port, each connection to which is a tunnel to `authority`. */
export interface Door {
  readonly port: number
  /** Tunnels that are open. */
  readonly open: () => number
  readonly close: () => void
}

/** Opens a door through which clients that know nothing of HBONE reach the mesh; half-closing and resets pass as they are. */
export const openDoor = async (mesh: Mesh, authority = VIP): Promise<Door> => {
  const client = await mesh.dial()
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.pause()
    client.open(authority, (result) => {
      if (result.ok) join(socket, result.channel)
      else socket.resetAndDestroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    open: () => sockets.size,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

const join = (socket: Socket, channel: TunnelChannel): void => {
  let unread = 0
  const readOn = (): void => {
    const bytes = unread
    unread = 0
    channel.consume(bytes)
  }
  channel.handler = {
    onData: (buffer, start, end) => {
      unread += end - start
      // The memory is not ours after the credit is given back.
      socket.write(Buffer.from(buffer.subarray(start, end)))
      if (socket.writableLength < HIGH_WATER_BYTES) readOn()
    },
    onEnd: () => socket.end(),
    onClosed: (isClean) => (isClean ? socket.destroy() : socket.resetAndDestroy()),
    onDrain: () => socket.resume(),
  }
  socket.on('drain', readOn)
  socket.on('data', (chunk: Buffer) => {
    if (!channel.send(chunk, 0, chunk.length)) socket.pause()
  })
  socket.on('end', () => channel.end())
  socket.on('error', () => channel.abort())
  socket.on('close', () => {
    if (!socket.readableEnded || !socket.writableFinished) channel.abort()
  })
  socket.resume()
}
