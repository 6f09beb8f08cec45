import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { H2Connection } from '../../../src/http/h2/connection.ts'
import { formatErrorCode } from '../../../src/http/h2/constants.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'
import { ignoreStream } from '../../../src/http/h2/stream.ts'
import { tlsOptions } from '../support/tls-options.ts'
import type { Lane, LaneOwner, Lanes } from './lane.ts'
import type { LoadPlan } from './plan.ts'
import { ResponseReader } from './response-reader.ts'
import { closeAll } from './sockets.ts'
import type { TurnFlush } from './turn-flush.ts'

/** Opens the plan's HBONE connections with their tunnels; a tunnel is a lane once its CONNECT was answered 200. */
export const openHboneLanes = (plan: LoadPlan, owner: LaneOwner, flush: TurnFlush): Lanes => {
  const sockets: TLSSocket[] = []
  for (let i = 0; i < plan.connections; i++) {
    const socket = connect({ ...tlsOptions(plan.tls), host: plan.host, port: plan.port, ALPNProtocols: ['h2'] })
    sockets.push(socket)
    openConnection(socket, plan, { owner, flush })
  }
  return { cipher: () => sockets[0]?.getCipher().name, close: () => closeAll(sockets) }
}

const openConnection = (
  socket: TLSSocket,
  plan: LoadPlan,
  deps: { readonly owner: LaneOwner; readonly flush: TurnFlush },
): void => {
  const write = (): void => {
    if (connection.outputBytes > 0 && !socket.destroyed) socket.write(connection.take())
  }
  const connection: H2Connection = new H2Connection(
    {
      onOutput: () => deps.flush.mark(write),
      onStream: () => ignoreStream,
      onGoaway: () => {},
      onSettings: () => {},
      onPong: () => {},
      onStreamClosed: () => {},
      onFailure: (_code, message) => socket.destroy(new Error(message)),
    },
    { role: 'client' },
  )
  let why = 'the connection was closed'
  socket.setNoDelay(true)
  socket.on('secureConnect', () => {
    connection.start()
    for (let i = 0; i < plan.tunnels; i++) openTunnel(connection, plan, deps.owner)
  })
  socket.on('data', (chunk: Buffer) => {
    connection.forgive()
    connection.feed(chunk)
  })
  socket.on('error', (error) => (why = error.message))
  socket.on('close', () => {
    connection.abort(0)
    deps.owner.onLost(why)
  })
}

const openTunnel = (connection: H2Connection, plan: LoadPlan, owner: LaneOwner): void => {
  const bytes = Buffer.from(plan.request, 'latin1')
  const reader = new ResponseReader(
    (status, bodyBytes) => owner.onAnswer(lane, status, bodyBytes),
    (why) => {
      connection.reset(stream, 8)
      owner.onLost(why)
    },
  )
  const lane: Lane = { dueAt: 0, send: () => connection.data(stream, bytes, 0, bytes.length) }
  const handler: StreamHandler = {
    ...ignoreStream,
    onHeaders: (fields) => {
      if (fields[1] === '200') return owner.onOpen(lane)
      owner.onLost(`CONNECT ${plan.authority} was answered ${fields[1]}`)
    },
    onData: (buffer, start, end) => {
      reader.feed(buffer, start, end)
      connection.consume(stream, end - start)
    },
    onEnd: () => owner.onLost('the tunnel was ended'),
    onReset: (code) => owner.onLost(`the tunnel was reset with ${formatErrorCode(code)}`),
  }
  const stream: H2Stream = connection.open([':method', 'CONNECT', ':authority', plan.authority], handler, false)
}
