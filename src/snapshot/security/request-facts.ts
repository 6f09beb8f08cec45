import type { Source } from '../../filter/record.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { VerifiedToken } from '../../filter/verified-token.ts'

/**
 * What security policies are decided by, for a request and for a connection alike. Only what was verified, or what the
 * backend is going to receive, stands here: never what a client merely claims of itself.
 */
export interface RequestFacts {
  /** Absent for a connection whose bytes are passed on as they are. */
  readonly request: RequestPart | undefined
  /** `principal` is from the client's certificate; `address` is the address that its tunnel comes from. */
  readonly source: Pick<Source, 'principal' | 'namespace' | 'serviceAccount' | 'address'>
  /** All addresses of the Service, or of the Pod, whichever of them was dialled: a client that uses a name has dialled none. */
  readonly destinationAddresses: readonly string[]
  /** The Service port, or the port of a Pod. */
  readonly destinationPort: number
  /** The server name of the TLS connection inside the tunnel, where it was looked at. */
  readonly sni: string | undefined
  /** The token whose signature and dates have been verified; absent before that, and where there was none. */
  readonly token: VerifiedToken | undefined
}

/** A request as far as policies see it; `RequestView` is one. */
export interface RequestPart {
  readonly method: string
  /** Host and port as the client wrote them. */
  readonly authority: string
  /** Normalised, without the query: what the backend receives. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
  readonly headers: HeaderList
  /** The protocols that the endpoint will be asked to switch to (`websocket`), with `, ` between. */
  readonly upgrade?: string | undefined
}

/**
 * Headers that are not among those of a request, and that routes and policies see nevertheless, as in Envoy: an Upgrade that
 * goes on to the endpoint, and the x-forwarded-proto that the endpoint is told where nobody has said it yet.
 */
export const impliedHeaders: ReadonlyMap<string, (upgrade: string | undefined) => string | undefined> = new Map([
  ['upgrade', (upgrade: string | undefined) => upgrade],
  ['x-forwarded-proto', () => 'http'],
])
