import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { TLSSocket, connect as connectTls, createSecureContext } from 'node:tls'
import { attachPipe } from '../pipes/socket-pipe.ts'
import { tlsOptions } from '../support/tls-options.ts'
import type { Carriers, Client, LaneOwner } from './lane.ts'
import type { LoadPlan } from './plan.ts'
import { closeAll } from './sockets.ts'
import type { TurnFlush } from './turn-flush.ts'

/** For proxies without HBONE: each pipe is a connection of its own, plain or with mutual TLS. */
export const openSocketCarriers = (
  plan: LoadPlan,
  client: Client,
  deps: { readonly owner: LaneOwner; readonly flush: TurnFlush },
): Carriers => {
  const sockets = new Set<Socket>()
  const connect = connector(plan)
  for (let i = 0; i < plan.connections; i++) {
    client({
      open: (use) => {
        const socket = connect()
        let why = 'the connection was closed'
        const onError = (error: Error): void => void (why = error.message)
        const onRefused = (): void => deps.owner.onLost(why)
        sockets.add(socket)
        socket.once('error', onError)
        socket.once('close', onRefused)
        socket.once('close', () => sockets.delete(socket))
        socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
          socket.off('close', onRefused)
          attachPipe(socket, use, deps.flush)
        })
      },
    })
  }
  return { cipher: () => cipherOf(sockets), close: () => closeAll([...sockets]) }
}

/** What TLS has learned of the proxy is used again, so that connections made later resume a session. */
const connector = (plan: LoadPlan): (() => Socket) => {
  const at = { host: plan.host, port: plan.port }
  if (plan.mode === 'http') return () => connectTcp(at)
  const tls = tlsOptions(plan.tls)
  // gRPC and HTTP/2 are agreed on by ALPN; the others have nothing to agree on.
  const options = { ...tls, ...(plan.work?.kind === 'h2' ? { ALPNProtocols: ['h2'] } : {}) }
  const secureContext = createSecureContext(options)
  let session: Buffer | undefined
  return () => {
    const socket = connectTls({ ...options, ...at, secureContext, ...(session === undefined ? {} : { session }) })
    socket.on('session', (ticket) => (session = ticket))
    return socket
  }
}

const cipherOf = (sockets: ReadonlySet<Socket>): string | undefined => {
  for (const socket of sockets) {
    // A socket that is closed has none any more, whatever Node's types say.
    if (socket instanceof TLSSocket && !socket.destroyed) return socket.getCipher().name
  }
  return undefined
}
