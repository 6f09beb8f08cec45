import { createServer as createTcpServer } from 'node:net'
import type { Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { H2Connection } from '../../../src/http/h2/connection.ts'
import type { OwnSettings } from '../../../src/http/h2/settings.ts'
import type { TurnFlush } from '../load/turn-flush.ts'
import type { PipeUser } from '../pipes/pipe.ts'
import { attachPipe } from '../pipes/socket-pipe.ts'
import { tunnelHandler, tunnelPipe } from '../pipes/tunnel-pipe.ts'
import { ZTUNNEL_WINDOWS } from '../pipes/windows.ts'
import { tlsOptions } from '../support/tls-options.ts'
import type { BackendPlan } from './plan.ts'

/** Above this, long answers wait in their tunnels and the others go ahead of them. */
const SOCKET_LIMIT_BYTES = 128 * 1024
const MAX_TUNNELS = 1000

interface Deps {
  /** What every pipe gets. */
  readonly serve: PipeUser
  readonly flush: TurnFlush
}

/** A destination's HBONE listener: every CONNECT is answered 200. */
export const createHboneServer = (plan: BackendPlan, deps: Deps): Server => {
  const options = { ...tlsOptions(plan.tls), requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] }
  const windows = plan.serves === undefined ? {} : ZTUNNEL_WINDOWS
  return createTlsServer(options, (socket) =>
    serveHbone(socket, { maxConcurrentStreams: MAX_TUNNELS, ...windows }, deps),
  )
}

/** The same destination for proxies without HBONE, over mutual TLS. */
export const createTlsListener = (plan: BackendPlan, { serve, flush }: Deps): Server => {
  const mutual = { ...tlsOptions(plan.tls), requestCert: true, rejectUnauthorized: true }
  const options = plan.serves === 'h2' ? { ...mutual, ALPNProtocols: ['h2', 'http/1.1'] } : mutual
  return createTlsServer(options, (socket) => attachPipe(socket, serve, flush))
}

/** And in plaintext. */
export const createPlainListener = ({ serve, flush }: Deps): Server =>
  createTcpServer({ noDelay: true }, (socket) => attachPipe(socket, serve, flush))

const serveHbone = (socket: TLSSocket, settings: Partial<OwnSettings>, { serve, flush }: Deps): void => {
  const write = (): void => {
    if (connection.outputBytes === 0 || socket.destroyed) return
    socket.write(connection.take())
    connection.setBlocked(socket.writableLength > SOCKET_LIMIT_BYTES)
  }
  const connection: H2Connection = new H2Connection(
    {
      onOutput: () => flush.mark(write),
      onStream: (stream) => {
        connection.headers(stream, [':status', '200'], false)
        return tunnelHandler(connection, stream, serve(tunnelPipe(connection, stream)))
      },
      onGoaway: () => {},
      onSettings: () => {},
      onPong: () => {},
      onStreamClosed: () => {},
      onFailure: (_code, message) => socket.destroy(new Error(message)),
    },
    { role: 'server', settings },
  )
  socket.setNoDelay(true)
  connection.start()
  socket.on('data', (chunk: Buffer) => {
    connection.forgive()
    connection.feed(chunk)
  })
  socket.on('drain', () => connection.setBlocked(false))
  socket.on('error', () => {})
  socket.on('close', () => connection.abort(0))
}
