/**
 * What a client brings back to stay with its endpoint: `TAG.DIGEST`, and `.TIME` where sessions end after some time. It
 * means the same to every replica and worker, since nothing is kept and nothing secret is needed. Nobody learns an address
 * from it. It is no proof of anything: whoever makes one up can choose among endpoints that any request may be sent to.
 */
import { createHash } from 'node:crypto'
import type { SessionPersistence } from '../../model/backend/backend-policy.ts'
import type { Endpoint } from '../../model/endpoint.ts'

/** What a token says. */
export interface SessionToken {
  /** As `digestOf` has it. */
  readonly digest: string
  /** When it was issued, in seconds since the epoch. */
  readonly issuedAtSec: number | undefined
}

const TAG_CHARS = 8
const DIGEST_CHARS = 16
const TOKEN = new RegExp(`^([\\w-]{${TAG_CHARS}})\\.([\\w-]{${DIGEST_CHARS}})(?:\\.([0-9a-z]{1,8}))?$`)
/** Other replicas' clocks may be ahead of ours by so much. */
const SKEW_SEC = 60

const hash = (text: string, chars: number): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, chars)

/** What tokens of a rule begin with: those of other rules mean nothing to it. */
export const tagOf = ({ scope }: Pick<SessionPersistence, 'scope'>): string => hash(scope, TAG_CHARS)

/** What tells an endpoint apart: another pod at its address is another one. */
export const digestOf = ({ workload, address, port }: Endpoint): string =>
  hash(`${workload.uid}|${address}|${port}`, DIGEST_CHARS)

export const formatToken = (tag: string, { digest, issuedAtSec }: SessionToken): string =>
  issuedAtSec === undefined ? `${tag}.${digest}` : `${tag}.${digest}.${issuedAtSec.toString(36)}`

/** `undefined` for what is no token of these sessions, or of one that has ended. */
export const parseToken = (
  text: string,
  tag: string,
  { nowSec, absoluteTimeoutMs }: { readonly nowSec: number; readonly absoluteTimeoutMs: number | undefined },
): SessionToken | undefined => {
  const [, foundTag, digest, time] = TOKEN.exec(text) ?? []
  if (foundTag !== tag || digest === undefined) return undefined
  const issuedAtSec = time === undefined ? undefined : Number.parseInt(time, 36)
  if (absoluteTimeoutMs === undefined) return { digest, issuedAtSec }
  if (issuedAtSec === undefined || issuedAtSec > nowSec + SKEW_SEC) return undefined
  return (nowSec - issuedAtSec) * 1000 < absoluteTimeoutMs ? { digest, issuedAtSec } : undefined
}
