import type { EndpointPool } from '../../upstream/pool.ts'
import type { HttpVersion } from '../../upstream/session.ts'
import type { LimitName, ServiceLoad, Waiter } from './service-load.ts'

/** Who wants a place. */
export interface PlaceUser {
  /** When there is no room: whether it waits. */
  readonly mayWait: boolean
  /** There is room; again whenever there may be the connection that it waits for. */
  readonly onRoom: () => void
  /** There is none; nothing follows. */
  readonly onNoRoom: (limit: LimitName) => void
}

/** The place of one request among those of a Service port. */
export class Place implements Waiter {
  readonly load: ServiceLoad
  readonly #user: PlaceUser
  #isInside = false

  constructor(load: ServiceLoad, user: PlaceUser) {
    this.load = load
    this.#user = user
  }

  /** The user is told before this returns, unless it waits. */
  enter(): void {
    if (!this.load.enter()) return this.#wait('request')
    this.#isInside = true
    this.#user.onRoom()
  }

  /**
   * `pool`, unless a request to it would need one connection too many: then one of `others` that has one to spare, or
   * `pool` when a connection that nobody uses could be closed for it. `undefined`: it waits, or was refused.
   */
  connect(pool: EndpointPool, version: HttpVersion, others: readonly EndpointPool[]): EndpointPool | undefined {
    const found = this.#find(pool, version, others)
    if (found === undefined) this.awaitConnection()
    else this.load.unwait(this)
    return found
  }

  /** The user is told to try again whenever there may be a connection for it. */
  awaitConnection(): void {
    this.#wait('connection')
  }

  /** The request is over, or nobody wants it any more. */
  leave(): void {
    this.load.unwait(this)
    if (!this.#isInside) return
    this.#isInside = false
    this.load.leave()
  }

  admit(): void {
    this.load.unwait(this)
    this.#isInside = true
    this.#user.onRoom()
  }

  onRoom(): void {
    this.#user.onRoom()
  }

  refuse(limit: LimitName): void {
    this.load.unwait(this)
    this.load.noteOverflow(limit)
    this.#user.onNoRoom(limit)
  }

  #find(pool: EndpointPool, version: HttpVersion, others: readonly EndpointPool[]): EndpointPool | undefined {
    const { load } = this
    if (load.isBehind(this)) return undefined
    if (load.hasConnection || !pool.needsDial(version)) return pool
    const other = others.find((candidate) => !candidate.needsDial(version))
    return other ?? (load.makeRoom() ? pool : undefined)
  }

  #wait(what: 'request' | 'connection'): void {
    const limit = this.#user.mayWait ? this.load.wait(this, what) : (`${what}s` as const)
    if (limit !== undefined) this.refuse(limit)
  }
}
