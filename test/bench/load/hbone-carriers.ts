import { createSecureContext } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { H2Connection } from '../../../src/http/h2/connection.ts'
import { tlsOptions } from '../support/tls-options.ts'
import { dialHbone, openTunnel } from '../pipes/hbone-connection.ts'
import type { Carriers, Client, LaneOwner, Readers } from './lane.ts'
import type { LoadPlan } from './plan.ts'
import { createReaders } from './readers.ts'
import { closeAll } from './sockets.ts'
import type { TurnFlush } from './turn-flush.ts'

/** More at a time would measure how a flood of handshakes is met: a proxy may refuse what it has no time for. */
const HANDSHAKES_AT_ONCE = 16

interface Deps {
  readonly owner: LaneOwner
  readonly flush: TurnFlush
}

/** Opens the plan's HBONE connections; each is a carrier of tunnels once TLS is established. */
export const openHboneCarriers = (plan: LoadPlan, client: Client, { owner, flush }: Deps): Carriers => {
  const { authority, host, port } = plan
  const sockets: TLSSocket[] = []
  const tls = tlsOptions(plan.tls)
  const options = {
    ...{ host, port, tls: { ...tls, secureContext: createSecureContext(tls) } },
    hasLargeWindows: plan.work !== undefined,
  }
  const openNext = (): H2Connection | undefined => {
    if (sockets.length === plan.connections) return undefined
    const { socket, h2 } = dialHbone(options, flush, {
      onReady: () => client({ open: (use) => openTunnel(h2, { authority, onRefused: owner.onLost }, use) }),
      onGoaway: () => {},
      onClose: owner.onLost,
    })
    sockets.push(socket)
    socket.once('secureConnect', openNext)
    return h2
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
