import { once } from 'node:events'
import type { Socket } from 'node:net'

/** Destroys all sockets; settles when the last one is closed. */
export const closeAll = async (sockets: readonly Socket[]): Promise<void> => {
  const closing = sockets.filter((socket) => !socket.closed).map((socket) => once(socket, 'close'))
  for (const socket of sockets) socket.destroy()
  await Promise.all(closing)
}
