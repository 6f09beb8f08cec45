import type { PipeUser } from '../../pipes/pipe.ts'
import type { Client, LaneOwner } from '../lane.ts'
import type { LoadPlan } from '../plan.ts'
import type { TurnFlush } from '../turn-flush.ts'
import { useHttp } from './http.ts'
import { useH2 } from './h2.ts'
import { freshTcpLane, useTcp } from './tcp.ts'
import { useWebSocket } from './websocket.ts'

/** What clients work with. */
export interface ClientDeps {
  readonly owner: LaneOwner
  readonly flush: TurnFlush
}

/** The client for a plan's work. */
export const createClient = (plan: LoadPlan, deps: ClientDeps): Client => {
  const { work } = plan
  const open = (use: PipeUser, ...[carrier]: Parameters<Client>): void => {
    for (let i = 0; i < plan.tunnels; i++) carrier.open(use)
  }
  switch (work?.kind) {
    case undefined:
      return (carrier) => open(useHttp(plan, undefined, deps), carrier)
    case 'bodies':
      return (carrier) => open(useHttp(plan, work, deps), carrier)
    case 'h2':
      return (carrier) => open(useH2(work, deps), carrier)
    case 'websocket':
      return (carrier) => open(useWebSocket(plan.request, work, deps), carrier)
    case 'tcp':
      if (!work.isFresh) return (carrier) => open(useTcp(work, deps), carrier)
      return (carrier) => {
        for (let i = 0; i < plan.tunnels; i++) deps.owner.onOpen(freshTcpLane(work, carrier, deps))
      }
  }
}
