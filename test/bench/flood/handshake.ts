import { once } from 'node:events'
import { connect as connectTcp, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'
import { tlsOptions } from '../support/tls-options.ts'
import type { HandshakeKind, HandshakeTarget } from './plan.ts'

/** Longer than anybody who is not being shed should wait; a flood that waits longer piles up here. */
const GIVE_UP_MS = 2000

export type Outcome = 'done' | 'shed' | 'unanswered'

/** Begins one handshake; `onOutcome` is called once, when it is over and its connection is gone. */
export type Handshake = (onOutcome: (outcome: Outcome) => void) => void

/** Prepares handshakes of that kind. */
export const prepareHandshake = async (kind: HandshakeKind, target: HandshakeTarget): Promise<Handshake> => {
  const { host, port } = target
  const tls = { ...tlsOptions(target.tls), ALPNProtocols: ['h2'] }
  const secureContext = createSecureContext(tls)
  const nextSource = inTurn(target.sources)
  if (kind === 'full') {
    return (onOutcome) => {
      // In a variable, since Node's types do not know that `localAddress` is passed on.
      const options = { ...tls, secureContext, host, port, localAddress: nextSource() }
      watch(connectTls(options), onOutcome)
    }
  }
  const hello = await captureHello((at) => connectTls({ ...tls, secureContext, ...at }))
  return (onOutcome) => {
    const socket = connectTcp({ host, port, localAddress: nextSource(), noDelay: true })
    socket.write(hello)
    watch(socket, onOutcome)
  }
}

const inTurn = (sources: readonly string[]): (() => string) => {
  let next = 0
  return () => sources[next++ % sources.length] ?? '127.0.0.1'
}

/** In either kind the first bytes that can be read say that the server has done its part. */
const watch = (socket: Socket, onOutcome: (outcome: Outcome) => void): void => {
  let outcome: Outcome = 'shed'
  const timer = setTimeout(() => {
    outcome = 'unanswered'
    socket.destroy()
  }, GIVE_UP_MS)
  socket.once('data', () => {
    outcome = 'done'
    socket.destroy()
  })
  socket.on('end', () => socket.destroy())
  socket.on('error', () => {})
  socket.once('close', () => {
    clearTimeout(timer)
    onOutcome(outcome)
  })
}

/** The ClientHello that such a client sends first. Its key share is used again and again, which no server can know. */
const captureHello = async (
  connect: (at: { readonly host: string; readonly port: number }) => Socket,
): Promise<Buffer> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server's address is never a pipe's name.
  const { port } = server.address() as AddressInfo
  const client = connect({ host: '127.0.0.1', port })
  client.on('error', () => {})
  try {
    const { promise, resolve } = Promise.withResolvers<Buffer>()
    server.once('connection', (socket) => readRecord(socket, resolve))
    return await promise
  } finally {
    client.destroy()
    server.close()
  }
}

/** The first TLS record (RFC 8446 section 5.1: type, version, length), whole. */
const readRecord = (socket: Socket, onRecord: (record: Buffer) => void): void => {
  let bytes = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    const end = bytes.length < 5 ? Number.POSITIVE_INFINITY : 5 + bytes.readUInt16BE(3)
    if (bytes.length >= end) onRecord(bytes.subarray(0, end))
  })
  socket.on('error', () => {})
}
