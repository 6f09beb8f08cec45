import type { VerifiedToken } from '../../filter/verified-token.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import type { Frontend } from '../snapshot.ts'
import { destinationOf } from './facts-of.ts'
import type { RequestFacts } from './request-facts.ts'

/** Who asks, as somebody imagines it. */
export interface ImaginedClient {
  /** Namespace of the client's verified identity. */
  readonly sourceNamespace: string | undefined
  /** The rest of its identity, as far as policies ask for it. */
  readonly serviceAccount?: string
  /** Default: `cluster.local`. */
  readonly trustDomain?: string
  /** The address that its tunnel comes from. */
  readonly address?: string
  /** Server name of a TLS connection, empty for one that names none; absent: no TLS is meant. */
  readonly sni?: string
  /** Of a token that has been verified. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** The facts of a request, or of a connection, as somebody imagines it. */
export const imagineFacts = (
  { sourceNamespace: namespace, serviceAccount, trustDomain = 'cluster.local', address = '', sni }: ImaginedClient,
  frontend: Frontend,
  request: (NonNullable<RequestFacts['request']> & { readonly token: VerifiedToken | undefined }) | undefined,
): RequestFacts => {
  const isKnown = namespace !== undefined && serviceAccount !== undefined
  const principal = isKnown ? formatSpiffeId({ trustDomain, namespace, serviceAccount }) : undefined
  return {
    request,
    source: { principal, namespace, serviceAccount, address },
    ...destinationOf(frontend),
    sni: request !== undefined || sni === '' ? undefined : sni,
    token: request?.token,
  }
}
