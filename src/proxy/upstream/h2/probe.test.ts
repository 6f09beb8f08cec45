/** Whether an endpoint that HTTP/2 could not be spoken with is back: a connection alone does not tell. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../../test/support/fake-clock.ts'
import { formatFrame } from '../../../../test/support/http/h2-frames.ts'
import { until } from '../../../../test/support/mesh/mesh.ts'
import { createBackendCa } from '../../../../test/support/tls/backend-ca.ts'
import { serveTcp, serveTls } from '../../../../test/support/tls/tls-app.ts'
import type { App } from '../../../../test/support/tls/tls-app.ts'
import { PlainPools } from '../../../../test/support/upstream/plain-pools.ts'
import { acquire, UpstreamExchange } from '../../../../test/support/upstream/upstream-exchange.ts'
import { arrivals } from '../../../../test/support/turns.ts'
import * as h2 from '../../../http/h2/constants.ts'
import type { EndpointPool } from '../pool.ts'

let clock: FakeClock
let setting: PlainPools
let app: App<Socket>
beforeEach(() => {
  clock = createFakeClock()
  setting = new PlainPools({ clock })
})
afterEach(async () => {
  setting[Symbol.dispose]()
  await app[Symbol.asyncDispose]()
  await until(() => setting.counters.openUpstreamConnections === 0)
  assert.deepEqual(setting.faults, [])
})

const pass = async (ms: number): Promise<void> => {
  for (let at = 0; at < ms; at += 1000) {
    clock.advance(1000)
    setting.pools.tick(clock.monotonicMs())
    await arrivals(3)
  }
}

/** What a look at the endpoint found, once it has. */
const probe = (pool: EndpointPool): { readonly found: () => string | undefined } => {
  let found: string | undefined
  pool.probe((failure) => (found = failure?.message ?? 'it is there'))
  return { found: () => found }
}

const HTTP2 = formatFrame(h2.FRAME_SETTINGS, 0, 0)

test('one that takes connections and says nothing is not back, and is as soon as it speaks', async () => {
  const server = { speaks: false }
  app = await serveTcp({ address: '127.0.0.1' }, (socket) => {
    socket.resume()
    if (server.speaks) socket.write(HTTP2)
  })
  const pool = setting.of(app.port)
  const lost = assert.rejects(acquire(pool), /sent no SETTINGS within 10000 ms/)
  await until(() => setting.counters.openUpstreamConnections === 1)
  await pass(11_000)
  await lost
  const deaf = probe(pool)
  await until(() => setting.counters.upstreamConnectionsTotal === 2)
  await arrivals(3)
  assert.equal(deaf.found(), undefined)
  await pass(11_000)
  assert.match(deaf.found() ?? '', /sent no SETTINGS within 10000 ms$/)
  server.speaks = true
  const back = probe(pool)
  await until(() => back.found() !== undefined)
  assert.equal(back.found(), 'it is there')
  await until(() => app.sockets.at(-1)?.readableEnded === true)
})

test('requests do not go by the connection that a look takes', async () => {
  app = await serveTcp({ address: '127.0.0.1' }, (socket) => void socket.write(HTTP2))
  const pool = setting.of(app.port)
  ;(await UpstreamExchange.send(pool)).session.abandon()
  pool.close()
  const look = probe(pool)
  const session = acquire(pool)
  await until(() => look.found() !== undefined)
  assert.equal(setting.counters.upstreamConnectionsTotal, 3)
  ;(await session).park()
})

for (const [name, isHttp2] of [
  ['that was never asked for HTTP/2', false],
  ['that turned out to know HTTP/1.1 alone', true],
] as const) {
  test(`one ${name} is there when it can be connected to`, async () => {
    app = await serveTcp({ address: '127.0.0.1' }, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        if (chunk.toString('latin1', 0, 3) === 'PRI') socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      })
    })
    const pool = setting.of(app.port)
    assert.equal((await UpstreamExchange.run(pool, { isHttp2 })).outcome, '200 ok')
    // HTTP/2 is tried again after a minute.
    for (const waitMs of [0, 62_000]) {
      await pass(waitMs)
      const look = probe(pool)
      await until(() => look.found() !== undefined)
      assert.equal(look.found(), 'it is there')
    }
  })
}

test('one whose TLS agrees on HTTP/1.1 is there', async () => {
  const ca = createBackendCa()
  const host = 'orders.shop.svc'
  app = await serveTls({ ...ca.issue([host]), ALPNProtocols: ['http/1.1'] }, { address: '127.0.0.1' }, () => {})
  const pool = setting.of(app.port, ca.tls(host))
  ;(await acquire(pool)).park()
  const look = probe(pool)
  await until(() => look.found() !== undefined)
  assert.equal(look.found(), 'it is there')
})
