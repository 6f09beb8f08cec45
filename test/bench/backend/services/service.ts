import type { PipeUser } from '../../pipes/pipe.ts'
import type { TurnFlush } from '../../load/turn-flush.ts'
import type { BackendPlan } from '../plan.ts'
import type { Tally } from '../tally.ts'
import { serveBodies } from './bodies.ts'
import { serveH2 } from './h2.ts'
import { serveHttp } from './http.ts'
import { serveTcp } from './tcp.ts'
import { serveWebSocket } from './websocket.ts'

/** What every pipe to a destination gets. */
export const createService = (plan: BackendPlan, tally: Tally, flush: TurnFlush): PipeUser => {
  const kind = plan.serves ?? 'http'
  switch (kind) {
    case 'http':
      return serveHttp(plan.bodyBytes, tally)
    case 'bodies':
      return serveBodies(plan.bodyBytes, tally)
    case 'h2':
      return serveH2(plan.bodyBytes, tally, flush)
    case 'websocket':
      return serveWebSocket(tally)
    case 'tcp':
      return serveTcp(plan.bodyBytes, tally)
  }
}
