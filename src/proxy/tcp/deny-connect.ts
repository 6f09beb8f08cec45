import { authorize, watch } from '../../snapshot/security/authorize.ts'
import { connectionFacts } from '../security/authorize-connection.ts'
import type { Frontend } from '../../snapshot/snapshot.ts'
import type { TunnelOrigin } from '../request/begin-exchange.ts'
import { beginTcpRecord, denied } from './tcp-record.ts'
import type { TcpDeps } from './tcp-tunnel.ts'

/**
 * Whether policies deny a connection of which nothing will be known but what its CONNECT says: that can be answered with
 * 401 then, as a ztunnel does (waypoint contract 1.6), and the client's ztunnel has something to tell. Its record is
 * written as if it had been accepted.
 */
export const deniesConnect = (frontend: Frontend, origin: TunnelOrigin, deps: TcpDeps): boolean => {
  const { authorization } = frontend
  if (authorization === undefined || authorization.wantsServerName) return false
  const facts = connectionFacts(frontend, { source: origin.source, hello: undefined })
  const decision = authorize(authorization, facts)
  if (decision.verdict === 'allow') return false
  const { clock, counters, sink, onError, onRefused, snapshot } = deps
  const record = beginTcpRecord(origin, { sni: undefined, snapshot: snapshot(), clock })
  record.authorization = decision
  if (authorization.isWatched) record.authorizationNotes = watch(authorization, facts)
  const end = denied(decision.details)
  record.flags = end.flags
  record.details = end.details
  counters.tcpConnectionsTotal++
  onRefused(`TCP ${origin.authority} from ${origin.source.principal ?? origin.source.address} refused: ${end.details}`)
  try {
    sink(record)
  } catch (error) {
    onError('the record of a connection was lost', error)
  }
  return true
}
