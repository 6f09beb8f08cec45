/**
 * All destinations of the bench in one process: each on a loopback address of its own, over HBONE, with mutual TLS and
 * in plaintext, all answered by the same code. It ends with its parent.
 */
import { once } from 'node:events'
import { createTurnFlush } from '../load/turn-flush.ts'
import type { BackendPlan, FromBackend, ToBackend } from './plan.ts'
import { createHboneServer, createPlainListener, createTlsListener } from './servers.ts'
import { createService } from './services/service.ts'
import { createTally } from './tally.ts'

const tally = createTally()

const tell = (message: FromBackend): void => {
  process.send?.(message)
}

const listen = async (plan: BackendPlan): Promise<void> => {
  const flush = createTurnFlush()
  const deps = { serve: createService(plan, tally, flush), flush }
  const listening: Promise<unknown>[] = []
  for (const host of plan.addresses) {
    const servers = [
      [createHboneServer(plan, deps), plan.hbonePort],
      [createTlsListener(plan, deps), plan.httpsPort],
      [createPlainListener(deps), plan.httpPort],
    ] as const
    for (const [server, port] of servers) {
      listening.push(once(server, 'listening'))
      server.listen(port, host)
    }
  }
  await Promise.all(listening)
}

process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  // Only our parent writes to this channel, and only this type.
  const order = message as ToBackend
  if (order.kind === 'count') {
    return tell({ kind: 'counts', counts: tally.take() })
  }
  listen(order.plan).then(
    () => tell({ kind: 'listening' }),
    (error: Error) => tell({ kind: 'failed', message: `destinations cannot listen: ${error.message}` }),
  )
})
tell({ kind: 'up' })
