import { createServer } from 'node:net'

/**
 * Rejects with `EADDRINUSE` when anything listens on the port. Workers share a port by SO_REUSEPORT, and by that the
 * kernel would let a second fairway of the same user in as well, without a word, and give it half of the connections.
 */
export const claimPort = (host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()))
  })
