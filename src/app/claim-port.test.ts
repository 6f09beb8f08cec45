import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { it } from 'node:test'
import { claimPort } from './claim-port.ts'

it('a port that others share is taken, until the last of them ends', async () => {
  const servers = [createServer(), createServer()]
  let port = 0
  for (const server of servers) {
    server.listen({ host: '127.0.0.1', port, reusePort: true })
    await once(server, 'listening')
    // A TCP server has one.
    port = (server.address() as AddressInfo).port
  }
  for (const server of servers) {
    await assert.rejects(claimPort('127.0.0.1', port), { code: 'EADDRINUSE' })
    server.close()
    await once(server, 'close')
  }
  await claimPort('127.0.0.1', port)
})
