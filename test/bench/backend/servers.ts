import { createServer as createTcpServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { H2Connection } from '../../../src/http/h2/connection.ts'
import { ignoreStream } from '../../../src/http/h2/stream.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'
import type { TurnFlush } from '../load/turn-flush.ts'
import type { TlsFiles } from '../load/plan.ts'
import { tlsOptions } from '../support/tls-options.ts'
import { BulkAnswer, readBulkRequest } from './bulk.ts'
import type { Responder } from './responder.ts'

/** Above this, long answers wait in their tunnels and the others go ahead of them. */
const SOCKET_LIMIT_BYTES = 128 * 1024

/** A destination's HBONE listener: every CONNECT is answered 200, every request in the tunnel by the responder. */
export const createHboneServer = (tls: TlsFiles, responder: Responder, flush: TurnFlush): Server => {
  const options = { ...tlsOptions(tls), requestCert: true, rejectUnauthorized: true, ALPNProtocols: ['h2'] }
  return createTlsServer(options, (socket) => serveHbone(socket, responder, flush))
}

/** The same destination for proxies without HBONE: HTTP/1.1 keep-alive over mutual TLS. */
export const createHttpsServer = (tls: TlsFiles, responder: Responder, flush: TurnFlush): Server => {
  const options = { ...tlsOptions(tls), requestCert: true, rejectUnauthorized: true }
  return createTlsServer(options, (socket) => serveHttp(socket, responder, flush))
}

/** And in plaintext. */
export const createHttpServer = (responder: Responder, flush: TurnFlush): Server =>
  createTcpServer({ noDelay: true }, (socket) => serveHttp(socket, responder, flush))

const serveHbone = (socket: TLSSocket, responder: Responder, flush: TurnFlush): void => {
  const write = (): void => {
    if (connection.outputBytes === 0 || socket.destroyed) return
    socket.write(connection.take())
    connection.setBlocked(socket.writableLength > SOCKET_LIMIT_BYTES)
  }
  const connection: H2Connection = new H2Connection(
    {
      onOutput: () => flush.mark(write),
      onStream: (stream) => serveTunnel(connection, stream, responder),
      onGoaway: () => {},
      onSettings: () => {},
      onPong: () => {},
      onStreamClosed: () => {},
      onFailure: (_code, message) => socket.destroy(new Error(message)),
    },
    { role: 'server', settings: { maxConcurrentStreams: 1000 } },
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

const serveTunnel = (connection: H2Connection, stream: H2Stream, responder: Responder): StreamHandler => {
  const count = responder.accept()
  const { answer } = responder
  connection.headers(stream, [':status', '200'], false)
  let bulk: BulkAnswer | undefined
  return {
    ...ignoreStream,
    onData: (buffer, start, end) => {
      let due = count(buffer, start, end)
      const bulkBytes = readBulkRequest(buffer, start, end)
      if (bulkBytes !== undefined) {
        due--
        bulk = new BulkAnswer(connection, stream, bulkBytes)
        bulk.send()
      }
      for (; due > 0; due--) connection.data(stream, answer, 0, answer.length)
      connection.consume(stream, end - start)
    },
    onDrain: () => bulk?.send(),
    onEnd: () => connection.end(stream),
  }
}

const serveHttp = (socket: Socket, responder: Responder, flush: TurnFlush): void => {
  const count = responder.accept()
  const { answer } = responder
  let due = 0
  // The answer's memory never changes, so it may be in many writes at once.
  const write = (): void => {
    if (!socket.destroyed) for (; due > 0; due--) socket.write(answer)
    due = 0
  }
  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => {
    const isMarked = due > 0
    due += count(chunk, 0, chunk.length)
    if (due > 0 && !isMarked) flush.mark(write)
  })
  socket.on('error', () => {})
}
