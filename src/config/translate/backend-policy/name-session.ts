import { createHash } from 'node:crypto'
import type { SessionPersistence } from '../../../model/backend/backend-policy.ts'
import type { WrittenPersistence } from '../../objects/backend-policy/session-persistence.ts'

/** Whose sessions they are; a token of one must mean nothing to another. */
export interface SessionOwner {
  /** `Service shop/api:80`, `HTTPRoute/shop/api rule checkout`: the same on every replica, and as long as it is called so. */
  readonly owner: string
  /** Whether others may have been given the same name: a cookie then gets one of its own. */
  readonly sharesName: boolean
}

/**
 * Gives sessions the name that goes over the wire. No two owners have one cookie (GEP-1619); a header that was given a
 * name keeps it, since clients have to know it.
 */
export const nameSession = (
  { name, ...written }: WrittenPersistence,
  { owner, sharesName }: SessionOwner,
): SessionPersistence => {
  const scope = createHash('sha256').update(owner).digest('hex').slice(0, 10)
  const made = written.type === 'Cookie' ? `fairway-session-${scope}` : `x-fairway-session-${scope}`
  const isOwn = !sharesName || written.type === 'Header'
  return { ...written, name: name === undefined ? made : isOwn ? name : `${name}-${scope}`, scope }
}
