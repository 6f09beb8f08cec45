import { connect, createSecureContext } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { H2Connection } from '../../../src/http/h2/connection.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'
import { ignoreStream } from '../../../src/http/h2/stream.ts'
import { formatErrorCode } from '../../../src/http/h2/constants.ts'
import type { PipeUser } from '../pipes/pipe.ts'
import { tunnelHandler, tunnelPipe } from '../pipes/tunnel-pipe.ts'
import { ZTUNNEL_WINDOWS } from '../pipes/windows.ts'
import { tlsOptions } from '../support/tls-options.ts'
import type { Carriers, Client, LaneOwner, Readers } from './lane.ts'
import type { LoadPlan } from './plan.ts'
import { createReaders } from './readers.ts'
import { closeAll } from './sockets.ts'
import type { TurnFlush } from './turn-flush.ts'

/** More at a time would measure how a flood of handshakes is met: a proxy may refuse what it has no time for. */
const HANDSHAKES_AT_ONCE = 16
/** Above this, long bodies wait in their tunnels. */
const SOCKET_LIMIT_BYTES = 256 * 1024

interface Deps {
  readonly owner: LaneOwner
  readonly flush: TurnFlush
}

/** Opens the plan's HBONE connections; each is a carrier of tunnels once TLS is established. */
export const openHboneCarriers = (plan: LoadPlan, client: Client, deps: Deps): Carriers => {
  const sockets: TLSSocket[] = []
  const tls = { ...tlsOptions(plan.tls), ALPNProtocols: ['h2'] }
  const secureContext = createSecureContext(tls)
  const openNext = (): H2Connection | undefined => {
    if (sockets.length === plan.connections) return undefined
    const socket = connect({ ...tls, secureContext, host: plan.host, port: plan.port })
    sockets.push(socket)
    socket.once('secureConnect', openNext)
    return openConnection(socket, plan, client, deps)
  }
  const first = openNext()
  for (let i = 1; i < HANDSHAKES_AT_ONCE; i++) openNext()
  return {
    readers: first === undefined ? undefined : readersOf(plan, first, deps.owner),
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

const openConnection = (socket: TLSSocket, plan: LoadPlan, client: Client, deps: Deps): H2Connection => {
  let why = 'the connection was closed'
  const write = (): void => {
    if (connection.outputBytes === 0 || socket.destroyed) return
    socket.write(connection.take())
    connection.setBlocked(socket.writableLength > SOCKET_LIMIT_BYTES)
  }
  const connection: H2Connection = new H2Connection(
    {
      onOutput: () => deps.flush.mark(write),
      onStream: () => ignoreStream,
      onGoaway: (_last, code) => {
        if (code !== 0) why = `the proxy gave the connection up with ${formatErrorCode(code)}`
      },
      onSettings: () => {},
      onPong: () => {},
      onStreamClosed: () => {},
      onFailure: (_code, message) => socket.destroy(new Error(message)),
    },
    { role: 'client', ...(plan.work === undefined ? {} : { settings: ZTUNNEL_WINDOWS }) },
  )
  socket.setNoDelay(true)
  socket.on('secureConnect', () => {
    connection.start()
    client({ open: (use) => openTunnel(connection, plan.authority, use, deps.owner) })
  })
  socket.on('data', (chunk: Buffer) => {
    connection.forgive()
    connection.feed(chunk)
  })
  socket.on('drain', () => connection.setBlocked(false))
  socket.on('error', (error) => (why = error.message))
  socket.on('close', () => {
    // Before its tunnels say that they are gone: the first reason is the one that is told.
    deps.owner.onLost(why)
    connection.abort(0)
  })
  return connection
}

const openTunnel = (connection: H2Connection, authority: string, use: PipeUser, owner: LaneOwner): void => {
  const opening: StreamHandler = {
    ...ignoreStream,
    onHeaders: (fields) => {
      if (fields[1] === '200') stream.handler = tunnelHandler(connection, stream, use(tunnelPipe(connection, stream)))
      else owner.onLost(`CONNECT ${authority} was answered ${fields[1]}`)
    },
    onReset: (code) => owner.onLost(`CONNECT ${authority} was reset with ${formatErrorCode(code)}`),
  }
  const stream: H2Stream = connection.open([':method', 'CONNECT', ':authority', authority], opening, false)
}
