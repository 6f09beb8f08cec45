/**
 * Requests of one session go to one endpoint (GEP-1619). Nothing is kept of sessions: clients bring what they were given.
 */
import { findCookie } from '../../http/cookies.ts'
import type { HeaderList } from '../../http/header-list.ts'
import type { Clock } from '../../lib/clock.ts'
import type { SessionPersistence } from '../../model/backend/backend-policy.ts'
import { groupOf } from '../../snapshot/resolve.ts'
import type { BackendPlan, EndpointGroup, RulePlan, Snapshot } from '../../snapshot/snapshot.ts'
import type { Balancer } from '../balance/balancer.ts'
import type { EndpointPool } from '../upstream/pool.ts'
import { digestOf, formatToken, parseToken, tagOf } from './session-token.ts'

export interface SessionsDeps {
  readonly balancer: Balancer
  readonly clock: Pick<Clock, 'nowMs'>
  readonly counters: { readonly sessions: Record<'begun' | 'kept' | 'moved', number> }
}

/** What sessions have to be looked up by. */
export class Sessions {
  readonly #deps: SessionsDeps
  readonly #tags = new WeakMap<SessionPersistence, string>()
  readonly #digests = new WeakMap<EndpointPool, string>()
  readonly #pools = new WeakMap<EndpointGroup, ReadonlyMap<string, EndpointPool>>()

  constructor(deps: SessionsDeps) {
    this.#deps = deps
  }

  /** The session that a request with these headers is of, or may begin. */
  of(persistence: SessionPersistence, headers: HeaderList): Session {
    const tag = this.#tagOf(persistence)
    const { absoluteTimeoutMs, name, type } = persistence
    const now = { nowSec: this.#nowSec, absoluteTimeoutMs }
    const read = (text: string): string | undefined => parseToken(text, tag, now)?.digest
    const digest = type === 'Cookie' ? findCookie(headers, name, read) : read(headers.getLower(name) ?? '')
    return new Session(this, persistence, digest)
  }

  /** The endpoint of a group with that digest, if requests may be sent there. */
  find(group: EndpointGroup, digest: string): EndpointPool | undefined {
    const { balancer } = this.#deps
    let pools = this.#pools.get(group)
    if (pools === undefined) {
      pools = new Map(balancer.pools(group).map((pool) => [this.digestOf(pool), pool]))
      this.#pools.set(group, pools)
    }
    const pool = pools.get(digest)
    return pool !== undefined && balancer.isInUse(group, pool) ? pool : undefined
  }

  digestOf(pool: EndpointPool): string {
    let digest = this.#digests.get(pool)
    if (digest === undefined) {
      digest = digestOf(pool.endpoint)
      this.#digests.set(pool, digest)
    }
    return digest
  }

  /** What a client is to bring back to get to that endpoint again. */
  tokenFor(pool: EndpointPool, persistence: SessionPersistence): string {
    const issuedAtSec = persistence.absoluteTimeoutMs === undefined ? undefined : this.#nowSec
    return formatToken(this.#tagOf(persistence), { digest: this.digestOf(pool), issuedAtSec })
  }

  count(what: 'begun' | 'kept' | 'moved'): void {
    this.#deps.counters.sessions[what]++
  }

  get #nowSec(): number {
    return Math.floor(this.#deps.clock.nowMs() / 1000)
  }

  #tagOf(persistence: SessionPersistence): string {
    let tag = this.#tags.get(persistence)
    if (tag === undefined) {
      tag = tagOf(persistence)
      this.#tags.set(persistence, tag)
    }
    return tag
  }
}

/** The session of one request. */
export class Session {
  readonly #sessions: Sessions
  readonly #persistence: SessionPersistence
  /** Of the endpoint that the client has been with. */
  readonly #digest: string | undefined
  #pool: EndpointPool | undefined

  constructor(sessions: Sessions, persistence: SessionPersistence, digest: string | undefined) {
    this.#sessions = sessions
    this.#persistence = persistence
    this.#digest = digest
  }

  /** Where the request belongs, once it was looked for and found. */
  get pool(): EndpointPool | undefined {
    return this.#pool
  }

  /** Looks for the endpoint among those of a group; whether it is there. */
  findIn(group: EndpointGroup): boolean {
    if (this.#digest !== undefined) this.#pool = this.#sessions.find(group, this.#digest)
    return this.#pool !== undefined
  }

  /** The backend of a rule that the endpoint is one of, whatever its weight. */
  findBackend({ backends }: RulePlan, snapshot: Snapshot): BackendPlan | undefined {
    if (this.#digest === undefined) return undefined
    return backends.find((backend) => {
      const group = backend.kind === 'service' ? groupOf(snapshot, backend) : undefined
      return group !== undefined && group.closed === undefined && this.findIn(group)
    })
  }

  /** Who answers has the session from now on: the client is told, unless it knows. */
  onAnswer(headers: HeaderList, pool: EndpointPool): void {
    if (pool === this.#pool) return this.#sessions.count('kept')
    this.#sessions.count(this.#digest === undefined ? 'begun' : 'moved')
    const token = this.#sessions.tokenFor(pool, this.#persistence)
    const { type, name } = this.#persistence
    if (type === 'Header') headers.setLower(name, token)
    else headers.fields.push('set-cookie', formatCookie(token, this.#persistence))
  }
}

/**
 * Scripts have no use for it. `Secure` would lose it wherever the client's last hop has no TLS of its own, which is so for
 * whatever speaks through a mesh; without `SameSite` browsers take it as `Lax`.
 */
const formatCookie = (
  token: string,
  { name, path = '/', lifetimeType, absoluteTimeoutMs }: SessionPersistence,
): string => {
  const isKept = lifetimeType === 'Permanent' && absoluteTimeoutMs !== undefined
  const age = isKept ? `; Max-Age=${Math.ceil(absoluteTimeoutMs / 1000)}` : ''
  return `${name}=${token}; Path=${path}${age}; HttpOnly`
}
