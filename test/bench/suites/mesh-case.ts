import type { ServiceKind } from '../backend/plan.ts'
import type { LoadPlan, Work } from '../load/plan.ts'
import type { SuiteName } from '../options.ts'
import { SERVICE_HOST } from '../proxies/objects.ts'
import type { ProxyName, Upstreams } from '../proxies/proxy.ts'
import type { Traffic } from '../proxies/traffic.ts'
import type { Unit } from '../report.ts'

/** Fairway beside its peers, in front of the same destinations. */
export interface MeshSuite {
  readonly name: SuiteName
  readonly traffic: Traffic
  /** What the destinations do; absent as in `BackendPlan`. */
  readonly serves?: ServiceKind
  /** `BackendPlan.bodyBytes`. */
  readonly backendBytes: number
  readonly cases: readonly MeshCase[]
  /** Those that Fairway is compared with; default all. */
  readonly against?: readonly ProxyName[]
  /** What Fairway has beside the one route that every suite has. */
  readonly objects?: Pick<Upstreams, 'routes' | 'policies'>
  /** For how long everybody does the work of a case before it is measured, besides what each window begins with. */
  readonly warmUpMs?: number
  /** How often Fairway is started for each case; default once. `mergeLaunches` says what is told of them. */
  readonly launches?: number
}

/** A case of such a suite. */
export interface MeshCase {
  readonly name: string
  readonly out: 'hbone' | 'plain' | 'direct'
  /** HBONE connections to Fairway. */
  readonly connections: number
  /** Requests in flight on each: in a tunnel each, or all on one HTTP/2 connection in one tunnel. */
  readonly tunnels: number
  /** Pods that requests go to in turn; each is one outgoing HBONE connection, or a pool of plaintext ones. */
  readonly destinations: number
  /** The numbers of connections that the peers get. */
  readonly peers: PeerShapes
  readonly load: CaseLoad
  /** What is counted, where it is not requests. */
  readonly unit?: Unit
  /** The goal for our CPU time over that of nginx with TLS, at the same requests in flight. */
  readonly maxRatio?: number
  /** The case as an open loop: requests per second over all lanes. Absent: a closed one, as fast as it goes. */
  readonly ratePerSecond?: number
  /** The goal for our p99 over that of nginx with TLS, at the same requests in flight. */
  readonly maxP99Ratio?: number
}

/** What every lane does. */
export type CaseLoad = Pick<LoadPlan, 'request' | 'bodyBytes' | 'work'>

/**
 * `both`: as many connections as Fairway has, and as many as it has requests in flight, with one request at a time on
 * each. `in-flight`: the latter alone. `multiplexed`: they carry as many requests on each connection as Fairway.
 */
export type PeerShapes = 'none' | 'both' | 'in-flight' | 'multiplexed'

/** Connections to a contender, and requests in flight on each. */
export interface Shape {
  readonly connections: number
  readonly tunnels: number
}

/** What each peer is measured at. */
export const peerShapesOf = ({ connections, tunnels, peers }: MeshCase): readonly Shape[] => {
  const inFlight: Shape = { connections: connections * tunnels, tunnels: 1 }
  switch (peers) {
    case 'none':
      return []
    case 'both':
      return tunnels === 1 ? [inFlight] : [{ connections, tunnels: 1 }, inFlight]
    case 'in-flight':
      return [inFlight]
    case 'multiplexed':
      return [{ connections, tunnels }]
  }
}

/** The part of a plan that is the shape: requests in flight are tunnels, or streams on one connection in one tunnel. */
export const planShapeOf = (
  work: Work | undefined,
  { connections, tunnels }: Shape,
): Pick<LoadPlan, 'connections' | 'tunnels' | 'work'> => {
  if (work?.kind === 'h2') return { connections, tunnels: 1, work: { ...work, streams: tunnels } }
  return { connections, tunnels, ...(work === undefined ? {} : { work }) }
}

/** A request of the bench as bytes. */
export const formatRequest = (line: string, fields: readonly string[] = ['accept: */*']): string =>
  [`${line} HTTP/1.1`, `host: ${SERVICE_HOST}`, 'user-agent: fairway-bench', ...fields, '', ''].join('\r\n')
