import { H2Connection } from '../../../src/http/h2/connection.ts'
import type { ConnectionHandler, ConnectionOptions } from '../../../src/http/h2/connection.ts'

type Options = Omit<ConnectionOptions, 'role'>

/** Two connections that talk to each other in memory. */
export interface H2Pair {
  readonly client: H2Connection
  readonly server: H2Connection
  /** Carries bytes both ways until neither side has any left. */
  readonly settle: () => void
}

/** A started client and server; nothing has been carried yet. `cut` splits what is carried, 0 keeps it whole. */
export const createH2Pair = (
  handlers: { readonly client: ConnectionHandler; readonly server: ConnectionHandler },
  options: { readonly client?: Options; readonly server?: Options; readonly cut?: number } = {},
): H2Pair => {
  const client = new H2Connection(handlers.client, { ...options.client, role: 'client' })
  const server = new H2Connection(handlers.server, { ...options.server, role: 'server' })
  client.start()
  server.start()
  const cut = options.cut ?? 0
  const carry = (from: H2Connection, to: H2Connection): boolean => {
    if (from.outputBytes === 0) return false
    const bytes = from.take()
    if (cut === 0) to.feed(bytes)
    else for (let at = 0; at < bytes.length; at += cut) to.feed(bytes.subarray(at, at + cut))
    from.setBlocked(false)
    return true
  }
  const settle = (): void => {
    for (;;) {
      const isMoved = carry(client, server)
      if (!carry(server, client) && !isMoved) return
    }
  }
  return { client, server, settle }
}
