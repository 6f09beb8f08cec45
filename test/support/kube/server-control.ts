import type { BackendCa } from '../tls/backend-ca.ts'
import type { StandInServer } from './stand-in/stand-in-server.ts'

/** What a server is started with, whichever kind it is. */
export interface ServerFiles {
  /** A folder that goes with the server. */
  readonly dir: string
  readonly ca: BackendCa
  readonly cert: string
  readonly key: string
  /** Of `admin`, who may do everything. */
  readonly adminToken: string
  readonly collectsGarbage: boolean
}

/** What each kind of server does in its own way. */
export interface ServerControl {
  readonly url: string
  /** Whether what nobody owns any more goes. */
  readonly collectsGarbage: boolean
  /** Breaks off every connection and takes no more; what is kept stays. */
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
  /** Breaks off every connection. */
  readonly cut: () => void
  /** Forgets all history: who asks for changes since before now is answered 410. The real server restarts for it. */
  readonly compact: () => Promise<void>
  /** Faults on demand, bookmarks on demand, what was asked for; `undefined` with the real server. */
  readonly standIn: StandInServer | undefined
  /** Ends it for good. */
  readonly close: () => Promise<void>
}
