import type { Socket } from 'node:net'
import type { TurnFlush } from '../load/turn-flush.ts'
import type { PipeUser } from './pipe.ts'

/** What a socket may hold before its user has to wait. */
const LIMIT_BYTES = 256 * 1024

/** Gives the bytes of an open socket, plain or TLS, to `use`. What a turn writes goes out at its end. */
export const attachPipe = (socket: Socket, use: PipeUser, flush: TurnFlush): void => {
  let pending: Buffer[] = []
  let pendingBytes = 0
  let isDrainOwed = false
  let isOver = false
  let why = 'the connection was closed'
  const onWritten = (): void => {
    if (!isDrainOwed || isOver) return
    isDrainOwed = false
    handler.onDrain()
  }
  const writeAll = (): void => {
    const due = pending
    pending = []
    pendingBytes = 0
    const last = due.pop()
    if (last === undefined || socket.destroyed) return
    for (const bytes of due) socket.write(bytes)
    if (isDrainOwed) socket.write(last, onWritten)
    else socket.write(last)
  }
  const handler = use({
    write: (bytes) => {
      if (pending.length === 0) flush.mark(writeAll)
      pending.push(bytes)
      pendingBytes += bytes.length
      isDrainOwed ||= socket.writableLength + pendingBytes > LIMIT_BYTES
      return !isDrainOwed
    },
    end: () => {
      writeAll()
      socket.end()
    },
    destroy: () => {
      isOver = true
      socket.destroy()
    },
  })
  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => handler.onData(chunk, 0, chunk.length))
  socket.on('end', () => {
    if (!isOver) handler.onEnd()
  })
  socket.on('error', (error) => (why = error.message))
  socket.on('close', () => {
    if (!isOver) handler.onLost(why)
    isOver = true
  })
}
