/** A connection that can make way for another one. */
export interface LeaseHolder {
  /** Closes it if no request is using it; whether it did. */
  readonly closeIdle: () => boolean
}

/** Leave for one connection to an endpoint of a Service port. */
export class ConnectionLease {
  readonly #owner: { readonly onIdle: () => void; readonly onReleased: () => void }
  #isReleased = false
  /** There once the connection is. */
  holder: LeaseHolder | undefined

  constructor(owner: { readonly onIdle: () => void; readonly onReleased: () => void }) {
    this.#owner = owner
  }

  /** No request is using the connection any more. */
  noteIdle(): void {
    if (!this.#isReleased) this.#owner.onIdle()
  }

  /** It takes no request any more, or was never made; later calls do nothing. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#owner.onReleased()
  }

  closeIdle(): boolean {
    if (this.#isReleased || this.holder?.closeIdle() !== true) return false
    this.release()
    return true
  }
}
