import type { H2Connection } from '../../../src/http/h2/connection.ts'
import { formatErrorCode } from '../../../src/http/h2/constants.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'
import { ignoreStream } from '../../../src/http/h2/stream.ts'
import type { Pipe, PipeHandler } from './pipe.ts'

const CANCEL = 8

/** The bytes of a tunnel: a CONNECT stream that was answered 200. */
export const tunnelPipe = (connection: H2Connection, stream: H2Stream): Pipe => ({
  write: (bytes) => connection.data(stream, bytes, 0, bytes.length),
  end: () => connection.end(stream),
  destroy: () => connection.reset(stream, CANCEL),
})

/** Has `handler` hear of the tunnel; what it was given counts as taken. */
export const tunnelHandler = (connection: H2Connection, stream: H2Stream, handler: PipeHandler): StreamHandler => ({
  ...ignoreStream,
  onData: (buffer, start, end) => {
    handler.onData(buffer, start, end)
    connection.consume(stream, end - start)
  },
  onDrain: handler.onDrain,
  onEnd: handler.onEnd,
  onReset: (code) => handler.onLost(`the tunnel was reset with ${formatErrorCode(code)}`),
})
