import { connect, createSecureContext } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { H2Connection } from '../../../src/http/h2/connection.ts'
import { formatErrorCode } from '../../../src/http/h2/constants.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'
import { ignoreStream } from '../../../src/http/h2/stream.ts'
import { tlsOptions } from '../support/tls-options.ts'
import type { Lane, LaneOwner, Lanes, Readers } from './lane.ts'
import type { LoadPlan } from './plan.ts'
import { createReaders } from './readers.ts'
import { ResponseReader } from './response-reader.ts'
import { closeAll } from './sockets.ts'
import type { TurnFlush } from './turn-flush.ts'

/** More at a time would measure how a flood of handshakes is met: a proxy may refuse what it has no time for. */
const HANDSHAKES_AT_ONCE = 16

/** Opens the plan's HBONE connections with their tunnels; a tunnel is a lane once its CONNECT was answered 200. */
export const openHboneLanes = (plan: LoadPlan, owner: LaneOwner, flush: TurnFlush): Lanes => {
  const sockets: TLSSocket[] = []
  const tls = { ...tlsOptions(plan.tls), ALPNProtocols: ['h2'] }
  const secureContext = createSecureContext(tls)
  const openNext = (): H2Connection | undefined => {
    if (sockets.length === plan.connections) return undefined
    const socket = connect({ ...tls, secureContext, host: plan.host, port: plan.port })
    sockets.push(socket)
    socket.once('secureConnect', openNext)
    return openConnection(socket, plan, { owner, flush })
  }
  const first = openNext()
  for (let i = 1; i < HANDSHAKES_AT_ONCE; i++) openNext()
  return {
    readers: first === undefined ? undefined : readersOf(plan, first, owner),
    // A socket that is closed has none any more, whatever Node's types say.
    cipher: () => sockets.find((socket) => !socket.destroyed)?.getCipher().name,
    close: () => closeAll(sockets),
  }
}

const readersOf = (plan: LoadPlan, connection: H2Connection, owner: LaneOwner): Readers | undefined => {
  const { readers, authority } = plan
  if (readers === undefined) return undefined
  return createReaders(connection, { ...readers, authority }, (why) => owner.onLost(why))
}

const openConnection = (
  socket: TLSSocket,
  plan: LoadPlan,
  deps: { readonly owner: LaneOwner; readonly flush: TurnFlush },
): H2Connection => {
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
  return connection
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
