import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { H2Connection } from '../../../src/http/h2/connection.ts'
import { formatErrorCode, NO_ERROR, REFUSED_STREAM } from '../../../src/http/h2/constants.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'
import { ignoreStream } from '../../../src/http/h2/stream.ts'
import type { PipeUser } from './pipe.ts'
import { tunnelHandler, tunnelPipe } from './tunnel-pipe.ts'
import { ZTUNNEL_WINDOWS } from './windows.ts'
import type { TurnFlush } from '../load/turn-flush.ts'

/** Above this, long bodies wait in their tunnels. */
const SOCKET_LIMIT_BYTES = 256 * 1024

/** What the owner of an HBONE connection is told. */
export interface HboneHandler {
  /** TLS is established and tunnels may be opened. */
  readonly onReady: () => void
  /** The proxy wants no new tunnels here; those that it has not taken were refused. */
  readonly onGoaway: () => void
  /** It is gone, for this reason; its tunnels hear of it right after. */
  readonly onClose: (why: string) => void
}

/** A client's HBONE connection: TLS, and HTTP/2 in it. */
export interface HboneConnection {
  readonly socket: TLSSocket
  readonly h2: H2Connection
}

export interface DialOptions {
  readonly tls: ConnectionOptions
  readonly host: string
  readonly port: number
  /** Whether tunnels have windows of the size that ztunnel gives, for long bodies. */
  readonly hasLargeWindows: boolean
}

/** Dials the proxy. */
export const dialHbone = (options: DialOptions, flush: TurnFlush, handler: HboneHandler): HboneConnection => {
  const { tls, host, port, hasLargeWindows } = options
  const socket = connect({ ...tls, host, port, ALPNProtocols: ['h2'] })
  let why = 'the connection was closed'
  const write = (): void => {
    if (h2.outputBytes === 0 || socket.destroyed) return
    socket.write(h2.take())
    h2.setBlocked(socket.writableLength > SOCKET_LIMIT_BYTES)
  }
  const h2: H2Connection = new H2Connection(
    {
      onOutput: () => flush.mark(write),
      onStream: () => ignoreStream,
      onGoaway: (_last, code) => {
        if (code !== NO_ERROR) why = `the proxy gave the connection up with ${formatErrorCode(code)}`
        handler.onGoaway()
      },
      onSettings: () => {},
      onPong: () => {},
      onStreamClosed: () => {},
      onFailure: (_code, message) => socket.destroy(new Error(message)),
    },
    { role: 'client', ...(hasLargeWindows ? { settings: ZTUNNEL_WINDOWS } : {}) },
  )
  socket.setNoDelay(true)
  socket.on('secureConnect', () => {
    h2.start()
    handler.onReady()
  })
  socket.on('data', (chunk: Buffer) => {
    h2.forgive()
    h2.feed(chunk)
  })
  socket.on('drain', () => h2.setBlocked(false))
  socket.on('error', (error) => (why = error.message))
  socket.on('close', () => {
    // Before its tunnels say that they are gone: the first reason is the one that is told.
    handler.onClose(why)
    h2.abort(0)
  })
  return { socket, h2 }
}

/** Opens a tunnel; `use` has it once it is open. `onRefused` hears why not, and whether it may be opened elsewhere. */
export const openTunnel = (
  h2: H2Connection,
  {
    authority,
    onRefused,
  }: { readonly authority: string; readonly onRefused: (why: string, mayRepeat: boolean) => void },
  use: PipeUser,
): void => {
  const opening: StreamHandler = {
    ...ignoreStream,
    onHeaders: (fields) => {
      if (fields[1] === '200') stream.handler = tunnelHandler(h2, stream, use(tunnelPipe(h2, stream)))
      else onRefused(`CONNECT ${authority} was answered ${fields[1]}`, false)
    },
    onReset: (code) =>
      onRefused(`CONNECT ${authority} was reset with ${formatErrorCode(code)}`, code === REFUSED_STREAM),
  }
  const stream: H2Stream = h2.open([':method', 'CONNECT', ':authority', authority], opening, false)
}
