import { once } from 'node:events'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { TLSSocket, TlsOptions } from 'node:tls'

/** An application at a port of this machine, with all its connections. */
export interface App<S extends Socket> extends AsyncDisposable {
  readonly port: number
  readonly sockets: S[]
  /** What is below them, those in a handshake among them. */
  readonly raw: readonly Socket[]
}

/** A TLS server that hands out its connections; errors of them are left to whoever looks. */
export const serveTls = async (
  options: TlsOptions,
  at: { readonly address: string; readonly port?: number },
  onSocket: (socket: TLSSocket) => void,
): Promise<App<TLSSocket>> => {
  const sockets: TLSSocket[] = []
  const server = createServer({ ALPNProtocols: ['http/1.1'], ...options }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.on('tlsClientError', () => {})
  return listen(server, at, sockets)
}

/** A TCP server likewise. */
export const serveTcp = async (
  at: { readonly address: string; readonly port?: number },
  onSocket: (socket: Socket) => void,
): Promise<App<Socket>> => {
  const sockets: Socket[] = []
  const server = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  return listen(server, at, sockets)
}

/** Answers each request of a connection that comes whole in one read; for requests without a body. */
export const answerEach =
  (answer: string) =>
  (socket: Socket): void => {
    socket.on('data', (chunk: Buffer) => {
      const requests = chunk.toString('latin1').split('\r\n\r\n').length - 1
      socket.write(answer.repeat(requests))
    })
  }

const listen = async <S extends Socket>(
  server: ReturnType<typeof createTcpServer>,
  at: { readonly address: string; readonly port?: number },
  sockets: S[],
): Promise<App<S>> => {
  const raw: Socket[] = []
  server.on('connection', (socket) => raw.push(socket))
  server.listen(at.port ?? 0, at.address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    raw,
    [Symbol.asyncDispose]: async () => {
      for (const socket of [...sockets, ...raw]) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
