/**
 * All destinations of the bench in one process: each on a loopback address of its own, over HBONE, over HTTP/1.1 with
 * mutual TLS, and in plaintext, all answered by the same code. It ends with its parent.
 */
import { once } from 'node:events'
import { createTurnFlush } from '../load/turn-flush.ts'
import type { BackendPlan, FromBackend, ToBackend } from './plan.ts'
import { createResponder } from './responder.ts'
import type { Responder } from './responder.ts'
import { createHboneServer, createHttpServer, createHttpsServer } from './servers.ts'

let responder: Responder | undefined

const tell = (message: FromBackend): void => {
  process.send?.(message)
}

const listen = async (plan: BackendPlan): Promise<void> => {
  const flush = createTurnFlush()
  const answering = createResponder(plan.bodyBytes)
  responder = answering
  const listening: Promise<unknown>[] = []
  for (const host of plan.addresses) {
    const servers = [
      [createHboneServer(plan.tls, answering, flush), plan.hbonePort],
      [createHttpsServer(plan.tls, answering, flush), plan.httpsPort],
      [createHttpServer(answering, flush), plan.httpPort],
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
    return tell({ kind: 'counts', counts: responder?.takeCounts() ?? { requests: 0, withoutHeader: 0 } })
  }
  listen(order.plan).then(
    () => tell({ kind: 'listening' }),
    (error: Error) => tell({ kind: 'failed', message: `destinations cannot listen: ${error.message}` }),
  )
})
tell({ kind: 'up' })
