import type { Socket } from 'node:net'

/**
 * Has `onBytes` called with each read of a socket. A stream in flowing mode comes to the same with its 'data' event, by a
 * detour: it looks which listeners there are, plans to look whether it should read on, and does so in a tick of its own,
 * for each read. A twenty-fifth of all CPU time went into that where many connections bring little each (decision 0052).
 *
 * `pause`, `unshift`, `resume`, the end and errors are the stream's own: whatever is out of the ordinary takes the detour.
 */
export const readDirectly = (socket: Socket, onBytes: (chunk: Buffer) => void): void => {
  socket.on('data', onBytes)
  const push = socket.push.bind(socket)
  // What Node calls with each read; should it not any more, there is the event.
  socket.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    if (chunk === null || socket.readableFlowing !== true || socket.readableLength > 0) return push(chunk, encoding)
    onBytes(chunk)
    return true
  }
}
