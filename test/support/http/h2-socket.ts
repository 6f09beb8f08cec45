import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { H2Connection } from '../../../src/http/h2/connection.ts'
import type { ConnectionHandler, ConnectionOptions } from '../../../src/http/h2/connection.ts'
import { CONNECT_ERROR } from '../../../src/http/h2/constants.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'

type Handler = Partial<Omit<ConnectionHandler, 'onOutput'>>

/** Ties a connection to a socket, started. What the connection fails with goes to `onFailure` and then the socket ends. */
export const attachH2 = (socket: Socket, handler: Handler, options: ConnectionOptions): H2Connection => {
  const flush = (): void => {
    const bytes = connection.take()
    if (bytes.length > 0) connection.setBlocked(!socket.write(bytes))
  }
  const connection = new H2Connection(
    {
      onOutput: () => process.nextTick(flush),
      onStream: (stream, fields, isEnd) => {
        if (handler.onStream === undefined) throw new Error('a stream came that nobody asked for')
        return handler.onStream(stream, fields, isEnd)
      },
      onGoaway: (last, code) => handler.onGoaway?.(last, code),
      onSettings: () => handler.onSettings?.(),
      onPong: () => handler.onPong?.(),
      onStreamClosed: () => handler.onStreamClosed?.(),
      onFailure: (code, message) => {
        handler.onFailure?.(code, message)
        process.nextTick(() => socket.end())
      },
    },
    options,
  )
  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => connection.feed(chunk))
  socket.on('drain', () => connection.setBlocked(false))
  socket.on('close', () => connection.abort(CONNECT_ERROR))
  socket.on('error', () => {})
  connection.start()
  return connection
}

/** A message as a test looks at it. */
export interface H2Message {
  readonly fields: string[]
  readonly body: Buffer
  readonly trailers: string[] | undefined
}

/** Collects what comes on a stream; window is given back at once. */
export const collect = (
  credit: (bytes: number) => void,
): { readonly handler: StreamHandler; readonly message: Promise<H2Message> } => {
  const { promise, resolve, reject } = Promise.withResolvers<H2Message>()
  const pieces: Buffer[] = []
  let fields: string[] | undefined
  let trailers: string[] | undefined
  const handler: StreamHandler = {
    onHeaders: (more) => {
      if (fields === undefined || fields[1]?.startsWith('1') === true) fields = more
      else trailers = more
    },
    onData: (buffer, start, end) => {
      pieces.push(buffer.subarray(start, end))
      credit(end - start)
    },
    onEnd: () => resolve({ fields: fields ?? [], body: Buffer.concat(pieces), trailers }),
    onReset: (code) => reject(new Error(`stream reset with ${code}`)),
    onDrain: () => {},
  }
  return { handler, message: promise }
}

/** Sends a request and collects its answer. */
export const request = async (
  connection: H2Connection,
  fields: readonly string[],
  options: { readonly body?: Buffer; readonly trailers?: readonly string[] } = {},
): Promise<H2Message> => {
  const { handler, message } = collect((bytes) => connection.consume(stream, bytes))
  const { body, trailers } = options
  const stream: H2Stream = connection.open(fields, handler, body === undefined)
  if (body !== undefined) connection.data(stream, body, 0, body.length)
  if (trailers !== undefined) connection.headers(stream, trailers, true)
  else if (body !== undefined) connection.end(stream)
  return message
}

/** A client connection to a port of this machine, its peer's SETTINGS received. */
export const dialH2 = async (
  port: number,
  handler: Handler = {},
  options: Omit<ConnectionOptions, 'role'> = {},
): Promise<{ readonly connection: H2Connection; readonly socket: Socket } & Disposable> => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const ready = Promise.withResolvers<void>()
  const connection = attachH2(
    socket,
    {
      onFailure: (code, message) => ready.reject(new Error(`failed with ${code}: ${message}`)),
      ...handler,
      onSettings: ready.resolve,
    },
    { ...options, role: 'client' },
  )
  await ready.promise
  return { connection, socket, [Symbol.dispose]: () => socket.destroy() }
}

/** A server on a port of its own; `onStream` is told of the connection too. */
export const serveH2 = async (
  onStream: (connection: H2Connection, stream: H2Stream, fields: string[], isEnd: boolean) => StreamHandler,
  options: Omit<ConnectionOptions, 'role'> = {},
): Promise<
  { readonly port: number; readonly connections: H2Connection[]; readonly failures: string[] } & Disposable
> => {
  const connections: H2Connection[] = []
  const failures: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    const connection = attachH2(
      socket,
      {
        onStream: (stream, fields, isEnd) => onStream(connection, stream, fields, isEnd),
        onFailure: (code, message) => failures.push(`${code}: ${message}`),
        onGoaway: (_last, code) => {
          if (code !== 0) failures.push(`the peer gave up with ${code}`)
        },
      },
      { ...options, role: 'server' },
    )
    connections.push(connection)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, connections, failures, [Symbol.dispose]: close }
}
