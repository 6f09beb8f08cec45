import type { EndpointKey } from '../model/endpoint.ts'
import { explainTable } from './reasons.ts'
import type { Reasons } from './reasons.ts'
import { findMatch } from './table/route-table.ts'
import { connectionTableOf } from './resolve-tcp.ts'
import type { EndpointGroup, Frontend, MatchRequest, NoMatch, Resolution, RouteTable, Snapshot } from './snapshot.ts'

/** Longer than any host name with a port; a longer authority names nothing of ours. */
const MAX_AUTHORITY = 300

/**
 * The Service port that a CONNECT authority means, or else the port of a Pod. ztunnel writes canonical addresses, which
 * are found at once; other spellings (capitals, a trailing dot, long IPv6 forms) are brought into that form first. The
 * port must be there.
 */
export const findFrontend = (snapshot: Snapshot, authority: string): Frontend | undefined => {
  const found = snapshot.frontends.get(authority) ?? snapshot.pods?.find(authority)
  if (found !== undefined || authority.length > MAX_AUTHORITY) return found
  const canonical = canonicalAuthority(authority)
  if (canonical === undefined) return undefined
  return snapshot.frontends.get(canonical) ?? snapshot.pods?.find(canonical)
}

/** The endpoints of a backend; `undefined` when there is no such Service port. */
export const groupOf = (
  snapshot: Snapshot,
  { group, endpoints }: { readonly group?: EndpointGroup; readonly endpoints: EndpointKey },
): EndpointGroup | undefined => group ?? snapshot.groups.get(endpoints)

/**
 * Decides where a request goes, once its frontend is known. `sourceNamespace` is that of the verified client identity,
 * never of a header: a namespace with consumer routes has them instead of the producer's (GEP-1294), an unknown one has
 * the producer's. A Service port without routes passes through; with routes none of which fits, or which act on
 * connections and not on requests (`resolveTcp`), `no-match` (404).
 * Given `reasons`, it notes in them why it decided so; without, it allocates nothing.
 */
export const resolve = (
  frontend: Frontend,
  request: MatchRequest,
  sourceNamespace: string | undefined,
  reasons?: Reasons,
): Resolution => {
  // A tunnel that was HTTP's before such routes were attached; its connection is not theirs any more.
  if (frontend.connections !== undefined && connectionTableOf(frontend, sourceNamespace) !== undefined)
    return noRequests
  const table = routeSet(frontend, sourceNamespace, reasons)
  const resolution = table === undefined ? frontend.passThrough : findMatch(table.indexes, request)
  if (reasons !== undefined) {
    if (frontend.closed !== undefined) reasons.closed = { status: 503, reason: frontend.closed }
    if (table !== undefined) explainTable(table.indexes, { request, resolution, reasons })
  }
  return resolution
}

const noRequests: NoMatch = { kind: 'no-match' }

const routeSet = (
  frontend: Frontend,
  sourceNamespace: string | undefined,
  reasons: Reasons | undefined,
): RouteTable | undefined => {
  const consumer = sourceNamespace === undefined ? undefined : frontend.consumers.get(sourceNamespace)
  const table = consumer ?? frontend.producer
  if (reasons !== undefined) {
    const kind = consumer !== undefined ? 'consumer' : table !== undefined ? 'producer' : 'none'
    reasons.routeSet = { kind, sourceNamespace, entries: table?.indexes.entries.length ?? 0 }
  }
  return table
}

/** The form that frontends have: small letters, no trailing dot, IPv6 as RFC 5952 has it; `undefined` for no authority. */
export const canonicalAuthority = (authority: string): string | undefined => {
  const colon = authority.lastIndexOf(':')
  const port = authority.slice(colon + 1)
  if (colon < 1 || !/^[1-9][0-9]{0,4}$/.test(port)) return undefined
  const host = authority.slice(0, colon)
  if (!host.startsWith('[')) return `${host.toLowerCase().replace(/\.$/, '')}:${port}`
  const parsed = URL.parse(`http://${host}/`)
  return parsed === null ? undefined : `${parsed.hostname}:${port}`
}
