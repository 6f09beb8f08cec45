import * as grpc from '@grpc/grpc-js'

/** Messages are bytes as they are: what is between client and server must not look into them, so neither need they. */
const method = (path: string, kind: { readonly requestStream: boolean; readonly responseStream: boolean }) => ({
  path,
  ...kind,
  requestSerialize: (message: Buffer) => message,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (message: Buffer) => message,
  responseDeserialize: (bytes: Buffer) => bytes,
})

/** All four kinds of calls. */
export const echoService = {
  unary: method('/echo.Echo/Unary', { requestStream: false, responseStream: false }),
  collect: method('/echo.Echo/Collect', { requestStream: true, responseStream: false }),
  repeat: method('/echo.Echo/Repeat', { requestStream: false, responseStream: true }),
  chat: method('/echo.Echo/Chat', { requestStream: true, responseStream: true }),
} satisfies grpc.ServiceDefinition

/** What the server saw of its calls. */
export interface EchoLog {
  readonly cancelled: string[]
  readonly deadlines: (Date | number)[]
  readonly metadata: grpc.Metadata[]
  /** Chats that are open. */
  readonly open: () => number
}

/**
 * A gRPC server of that service. `fail CODE [PUSHBACK_MS]` is answered with that status, `never` not at all; the other calls give
 * back what they get, `repeat` ten times.
 */
export const createEchoServer = (): { readonly server: grpc.Server; readonly log: EchoLog } => {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 8 * 1024 * 1024 })
  let open = 0
  const log: EchoLog = { cancelled: [], deadlines: [], metadata: [], open: () => open }
  server.addService(echoService, {
    unary: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      log.metadata.push(call.metadata)
      log.deadlines.push(call.getDeadline())
      call.on('cancelled', () => log.cancelled.push('unary'))
      const [word = '', code, pushbackMs] = call.request.subarray(0, 20).toString().split(' ')
      if (word === 'never') return
      const trailers = new grpc.Metadata()
      trailers.set('x-trailer', 'end')
      if (word !== 'fail') {
        done(null, call.request, trailers)
        return
      }
      if (pushbackMs !== undefined) trailers.set('grpc-retry-pushback-ms', pushbackMs)
      done({ code: Number(code), details: 'as you wish: ü' }, null, trailers)
    },
    collect: (call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      const pieces: Buffer[] = []
      call.on('data', (piece: Buffer) => pieces.push(piece))
      call.on('end', () => done(null, Buffer.concat(pieces)))
    },
    repeat: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
      call.on('cancelled', () => log.cancelled.push('repeat'))
      if (call.request.toString() === 'forever') {
        call.write(call.request)
        return
      }
      for (let i = 0; i < 10; i++) call.write(call.request)
      call.end()
    },
    chat: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      open++
      call.on('close', () => open--)
      call.on('cancelled', () => log.cancelled.push('chat'))
      call.on('data', (piece: Buffer) => call.write(piece))
      call.on('end', () => call.end())
    },
  })
  return { server, log }
}

/** Listens on a free port of the loopback address. */
export const listen = (server: grpc.Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    )
  })

export const EchoClient = grpc.makeGenericClientConstructor(echoService, 'Echo')
