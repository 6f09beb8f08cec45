import { EventEmitter } from 'node:events'

/** What of a socket is asked of a request that came on none: who is at the other end. */
export interface AppSocket extends EventEmitter {
  readonly remoteAddress: string
  readonly encrypted: boolean
  readonly destroyed: boolean
  readonly readable: boolean
  readonly writable: boolean
}

/** Makes one for a client at `remoteAddress`. The mesh is encrypted; what is in its tunnels is `http`. */
export const createAppSocket = (remoteAddress: string): AppSocket => {
  const nothing = { setTimeout: same, setNoDelay: same, setKeepAlive: same, ref: same, unref: same, destroy: same }
  const facts = { remoteAddress, encrypted: false, destroyed: false, readable: true, writable: true }
  return Object.assign(new EventEmitter(), nothing, facts)
}

function same<T>(this: T): T {
  return this
}
