/**
 * Who is at the other end. Asked once per connection, right after the handshake, which has already proven the chain,
 * the dates and the key usage. Nothing about requests belongs here.
 */
import type { TLSSocket } from 'node:tls'
import { parseSpiffeId, type SpiffeId } from '../model/identity.ts'
import { readSpiffeName } from './spiffe-name.ts'

export type PeerIdentity =
  | { readonly ok: true; readonly identity: SpiffeId; readonly notAfterMs: number }
  /** `reason` is for log and metrics; the peer gets nothing but a closed connection. */
  | { readonly ok: false; readonly reason: string }

/** What of a `TLSSocket` the reading needs. */
export type HandshakenSocket = Pick<TLSSocket, 'authorized' | 'alpnProtocol' | 'getPeerX509Certificate'>

/**
 * Reads the peer's identity from its leaf: exactly one URI name, strictly a workload identity. A connection that was
 * not authorized or did not agree on `h2` has none (Node lets a client without ALPN through).
 */
export const readPeerIdentity = (socket: HandshakenSocket): PeerIdentity => {
  if (!socket.authorized) return { ok: false, reason: 'the handshake did not authorize the peer' }
  if (socket.alpnProtocol !== 'h2') return { ok: false, reason: 'the peer did not offer the protocol h2 (ALPN)' }
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { ok: false, reason: 'the peer presented no certificate' }
  const name = readSpiffeName(certificate)
  if (!name.ok) return { ok: false, reason: `the peer's certificate is refused: ${name.reason}` }
  return { ok: true, identity: name.identity, notAfterMs: certificate.validToDate.getTime() }
}

/** Whether an identity belongs to one of the trust domains: ours and its aliases (MeshConfig.trustDomainAliases). */
export const isTrusted = (identity: SpiffeId, trustDomains: readonly string[]): boolean => {
  const trustDomain = parseSpiffeId(identity)?.trustDomain
  return trustDomain !== undefined && trustDomains.includes(trustDomain)
}
