import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { TLSSocket, connect as connectTls } from 'node:tls'
import { tlsOptions } from '../support/tls-options.ts'
import type { Lane, LaneOwner, Lanes } from './lane.ts'
import type { LoadPlan } from './plan.ts'
import { ResponseReader } from './response-reader.ts'
import { closeAll } from './sockets.ts'
import type { TurnFlush } from './turn-flush.ts'

/** Opens the plan's HTTP/1.1 connections, plain or with mutual TLS; each is one lane. */
export const openHttpLanes = (plan: LoadPlan, owner: LaneOwner, flush: TurnFlush): Lanes => {
  const sockets: Socket[] = []
  for (let i = 0; i < plan.connections; i++) {
    const at = { host: plan.host, port: plan.port }
    const socket = plan.mode === 'https' ? connectTls({ ...tlsOptions(plan.tls), ...at }) : connectTcp(at)
    sockets.push(socket)
    openConnection(socket, plan, { owner, flush })
  }
  const first = sockets[0]
  return {
    cipher: () => (first instanceof TLSSocket ? first.getCipher().name : undefined),
    close: () => closeAll(sockets),
  }
}

const openConnection = (
  socket: Socket,
  plan: LoadPlan,
  deps: { readonly owner: LaneOwner; readonly flush: TurnFlush },
): void => {
  const { owner } = deps
  const bytes = Buffer.from(plan.request, 'latin1')
  // The same bytes are written again only after their answer, so the socket is done with them.
  const write = (): void => {
    if (!socket.destroyed) socket.write(bytes)
  }
  const lane: Lane = { dueAt: 0, send: () => deps.flush.mark(write) }
  let why = 'the connection was closed'
  const reader = new ResponseReader(
    (status, bodyBytes) => owner.onAnswer(lane, status, bodyBytes),
    (failure) => socket.destroy(new Error(failure)),
  )
  socket.setNoDelay(true)
  socket.on(plan.mode === 'https' ? 'secureConnect' : 'connect', () => owner.onOpen(lane))
  socket.on('data', (chunk: Buffer) => reader.feed(chunk, 0, chunk.length))
  socket.on('error', (error) => (why = error.message))
  socket.on('close', () => owner.onLost(why))
}
