/**
 * Who is at the other end, and whether we may speak with them. Asked once per connection, right after the handshake,
 * which has already proven the chain, the dates and the key usage; and again when what is trusted has changed. Nothing
 * about requests belongs here.
 */
import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { parseSpiffeId, type SpiffeId } from '../../model/identity.ts'
import { readSpiffeName } from '../spiffe-name.ts'
import type { Refusal } from './refusal-reason.ts'
import type { ChainKnowledge, Trust } from './trust.ts'

/** A refusal is for log and metrics; the peer gets nothing but a closed connection. */
export type PeerIdentity =
  | {
      readonly ok: true
      readonly identity: SpiffeId
      readonly notAfterMs: number
      readonly certificate: X509Certificate
    }
  | ({ readonly ok: false } & Refusal)

/** What of a `TLSSocket` the reading needs. */
export type HandshakenSocket = Pick<
  TLSSocket,
  'authorized' | 'alpnProtocol' | 'getPeerX509Certificate' | 'isSessionReused'
>

/**
 * Reads the peer's identity from its leaf: exactly one URI name, strictly a workload identity. A connection that was
 * not authorized, was resumed, or did not agree on `h2` has none (Node lets a client without ALPN through).
 */
export const readPeerIdentity = (socket: HandshakenSocket): PeerIdentity => {
  if (!socket.authorized) return refuse('badChain', 'the handshake did not authorize the peer')
  if (socket.isSessionReused()) return refuse('resumed', 'the peer resumed a session, and showed no certificate in it')
  if (socket.alpnProtocol !== 'h2') return refuse('noAlpn', 'the peer did not offer the protocol h2 (ALPN)')
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return refuse('noCertificate', 'the peer presented no certificate')
  const name = readSpiffeName(certificate)
  if (!name.ok) return refuse(name.kind, `the peer's certificate is refused: ${name.reason}`)
  return { ok: true, identity: name.identity, notAfterMs: certificate.validToDate.getTime(), certificate }
}

/** The same, and refused as well when its certificate has run out, was revoked, or leads to no root that is in force. */
export const judgePeer = (socket: HandshakenSocket, trust: Trust, chain: ChainKnowledge): PeerIdentity => {
  const peer = readPeerIdentity(socket)
  if (!peer.ok) return peer
  const refusal = trust.refuse(peer.certificate, chain)
  if (refusal !== undefined) return refuse(refusal.reason, `${peer.identity} is refused: ${refusal.message}`)
  // Last, since anything else is worse.
  if (peer.notAfterMs > chain.nowMs) return peer
  return refuse('expired', `the certificate of ${peer.identity} ran out at ${new Date(peer.notAfterMs).toISOString()}`)
}

/** The same for who comes to us, whose trust domain must be ours or an alias; whom we go to must have its own identity. */
export const judgeClient = (socket: HandshakenSocket, trust: Trust, chain: ChainKnowledge): PeerIdentity => {
  const peer = judgePeer(socket, trust, chain)
  if (!peer.ok || isTrusted(peer.identity, trust.trustDomains)) return peer
  return refuse('foreignTrustDomain', `${peer.identity} is of a foreign trust domain`)
}

/** Whether an identity belongs to one of the trust domains: ours and its aliases (MeshConfig.trustDomainAliases). */
export const isTrusted = (identity: SpiffeId, trustDomains: readonly string[]): boolean => {
  const trustDomain = parseSpiffeId(identity)?.trustDomain
  return trustDomain !== undefined && trustDomains.includes(trustDomain)
}

const refuse = (reason: Refusal['reason'], message: string): PeerIdentity => ({ ok: false, reason, message })
