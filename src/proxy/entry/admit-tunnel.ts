import type { Logger } from '../../lib/log.ts'
import { findFrontend } from '../../snapshot/resolve.ts'
import { tunnelKindOf } from '../../snapshot/resolve-tcp.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { Counters } from '../counters.ts'
import type { TunnelRequest } from '../hbone/server.ts'
import type { Overload } from '../overload/overload.ts'
import { HBONE_PORT } from '../upstream/pool.ts'
import type { Tracer } from '../tracing/tracer.ts'
import type { Tunnels } from './tunnels.ts'

/** What decides whether a tunnel is let in. */
export interface Admitting {
  readonly snapshot: () => Snapshot | undefined
  readonly counters: Counters
  readonly overload: Overload
  readonly tunnels: Tunnels
  readonly tracer: Tracer | undefined
  readonly log: Pick<Logger, 'debug'>
}

/** Opens the tunnel that a CONNECT asks for, or refuses it and counts why. */
export const admitTunnel = (request: TunnelRequest, admitting: Admitting): void => {
  const { counters, overload, tunnels, log } = admitting
  const { connectRefused } = counters
  const { authority, source, load } = request
  const port = /^.{1,300}:([1-9][0-9]{0,4})$/.exec(authority)?.[1]
  if (port === undefined) {
    connectRefused.badAuthority++
    return request.refuse(400)
  }
  // Ports of the tunnel itself are no service's: such a CONNECT would come back to us (waypoint contract 1.1).
  if (Number(port) === HBONE_PORT) {
    connectRefused.selfCall++
    return request.refuse(400)
  }
  const snapshot = admitting.snapshot()
  const frontend = snapshot === undefined ? undefined : findFrontend(snapshot, authority)
  if (frontend === undefined) {
    connectRefused.unboundAuthority++
    const { host } = request.forwarded
    const meant = host === undefined ? '' : `, meant for ${host}`
    log.debug(`CONNECT ${authority} from ${source.principal ?? ''}${meant}: not bound to this waypoint`)
    return request.refuse(404)
  }
  const refusal = overload.refusalOfTunnel(load)
  if (refusal !== undefined) {
    counters.overloadRefused[refusal]++
    return request.refuse(503)
  }
  const tunnel = { authority, source, load, destination: frontend.destination }
  const { traceparent } = request
  const isTold = traceparent !== undefined && admitting.tracer?.traces(frontend.telemetry) === true
  const origin = isTold ? { ...tunnel, traceparent } : tunnel
  const kind = tunnelKindOf(frontend, source.namespace)
  if (tunnels.denies(frontend, origin, kind)) {
    connectRefused.denied++
    return request.refuse(401)
  }
  tunnels.open(request.accept(), origin, kind)
}
