import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { checkPorts, claimPort, holdPort } from './claim-port.ts'

/** Listens as a worker does; the port it got. */
const listen = async (t: TestContext, host: string, port = 0): Promise<number> => {
  const server = createServer().listen({ host, port, reusePort: true })
  t.after(() => server.close())
  await once(server, 'listening')
  // A TCP server has one.
  return (server.address() as AddressInfo).port
}

it('a port that others share is taken, until the last of them ends', async () => {
  const servers = [createServer(), createServer()]
  let port = 0
  for (const server of servers) {
    server.listen({ host: '127.0.0.1', port, reusePort: true })
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  for (const server of servers) {
    await assert.rejects(claimPort('127.0.0.1', port), { code: 'EADDRINUSE' })
    server.close()
    await once(server, 'close')
  }
  await claimPort('127.0.0.1', port)
})

describe('an address that includes another', () => {
  const cases: readonly (readonly [theirs: string, ours: string, isTaken: boolean])[] = [
    ['127.0.0.1', '0.0.0.0', true],
    ['0.0.0.0', '127.0.0.1', true],
    ['127.0.0.1', '::', true],
    ['::', '127.0.0.1', true],
    ['::', '0.0.0.0', true],
    ['0.0.0.0', '::', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['::1', '127.0.0.1', false],
  ]
  for (const [theirs, ours, isTaken] of cases) {
    it(`${ours} with ${theirs} taken: ${isTaken ? 'refused' : 'free'}`, async (t) => {
      const port = await listen(t, theirs)
      if (isTaken) await assert.rejects(claimPort(ours, port), { code: 'EADDRINUSE' })
      else await claimPort(ours, port)
    })
  }
})

describe('all ports at once', () => {
  it('one message names all that are taken', async (t) => {
    const [admin, hbone] = [await listen(t, '127.0.0.1'), await listen(t, '127.0.0.1')]
    const wishes = [
      { role: 'admin', host: '127.0.0.1', port: admin },
      { role: 'ready', host: '127.0.0.1', port: 0 },
      { role: 'hbone', host: '::', port: hbone },
    ]
    await assert.rejects(checkPorts(wishes), {
      code: 'ELISTEN',
      message:
        `cannot listen on 127.0.0.1:${admin} (admin), [::]:${hbone} (hbone): another program has these ports (another ` +
        'fairway?): end it, or choose others with --admin-port, --hbone-port (0 picks a free one)',
    })
  })

  it('one port for two is told as what it is', async () => {
    const wishes = [
      { role: 'ready', host: '::', port: 15_021 },
      { role: 'admin', host: '127.0.0.1', port: 15_021 },
    ]
    await assert.rejects(checkPorts(wishes), { message: /^--ready-port and --admin-port are both 15021: choose/ })
  })

  it('free ports and addresses that are not ours are for others to judge', async () => {
    await checkPorts([
      { role: 'ready', host: '127.0.0.1', port: 0 },
      { role: 'hbone', host: '203.0.113.1', port: 15_008 },
    ])
  })
})

it('a port is held for one, until that one lets go', { skip: process.platform !== 'linux' }, async () => {
  const letGo = await holdPort('127.0.0.9', 15_008)
  await assert.rejects(holdPort('127.0.0.9', 15_008), { code: 'EADDRINUSE' })
  const other = await holdPort('127.0.0.10', 15_008)
  letGo()
  other()
  const again = await holdPort('127.0.0.9', 15_008)
  again()
})
