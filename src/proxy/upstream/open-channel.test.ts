import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { until } from '../../../test/support/mesh/mesh.ts'
import { PlainPools } from '../../../test/support/upstream/plain-pools.ts'
import { createBackendCa } from '../../../test/support/tls/backend-ca.ts'
import { serveTcp, serveTls } from '../../../test/support/tls/tls-app.ts'
import { ignoreChannel } from '../channel.ts'
import type { EndpointPool, OpenedChannel } from './pool.ts'

const HOST = 'orders.shop.svc'
const ca = createBackendCa()
const at = { address: '127.0.0.1' }

let setting: PlainPools
beforeEach(() => {
  setting = new PlainPools()
})
afterEach(async () => {
  setting[Symbol.dispose]()
  await until(() => setting.counters.openUpstreamConnections === 0)
})

const open = (pool: EndpointPool): Promise<OpenedChannel> => new Promise((resolve) => pool.openChannel(resolve))

/** Sends a text and waits for as much; then ends. */
const exchange = async (opened: OpenedChannel, text: string): Promise<string> => {
  assert.ok(opened.ok)
  const { channel, release } = opened
  let got = ''
  channel.handler = {
    ...ignoreChannel,
    onData: (buffer, start, end) => {
      got += buffer.toString('latin1', start, end)
      channel.consume(end - start)
    },
  }
  channel.sendText(text)
  await until(() => got.length >= text.length)
  channel.cut()
  release()
  release()
  return got
}

test('a channel carries what it is given, and counts as active until it is released', async () => {
  await using app = await serveTcp(at, (socket) => socket.pipe(socket))
  const pool = setting.of(app.port)
  const opening = open(pool)
  assert.equal(pool.active, 1)
  const opened = await opening
  assert.equal(pool.active, 1)
  assert.equal(await exchange(opened, 'SSH-2.0-fairway\r\n'), 'SSH-2.0-fairway\r\n')
  assert.equal(pool.active, 0)
  assert.equal(pool.takeIdle(1), undefined)
})

test('TLS that a policy asks for is on the channel, without a word of HTTP', async () => {
  await using app = await serveTls({ ...ca.issue([HOST]), ALPNProtocols: ['postgresql'] }, at, (socket) =>
    socket.pipe(socket),
  )
  const pool = setting.of(app.port, ca.tls(HOST))
  assert.equal(await exchange(await open(pool), 'secret'), 'secret')
  assert.equal(app.sockets[0]?.alpnProtocol, false)
})

test('what cannot be reached is told, and not active any more', async () => {
  const gone = await serveTcp(at, () => {})
  await gone[Symbol.asyncDispose]()
  const pool = setting.of(gone.port)
  const opened = await open(pool)
  assert.ok(!opened.ok)
  assert.equal(opened.failure.kind, 'connect-failed')
  assert.match(opened.failure.message, new RegExp(`TCP connect to 127.0.0.1:${gone.port} failed`))
  assert.equal(pool.active, 0)
})

test('a process that ends opens nothing', async () => {
  setting.pools.destroy()
  const opened = await open(setting.of(9))
  assert.ok(!opened.ok)
  assert.equal(opened.failure.message, 'this process is ending')
})

test('a bug in who owns a channel ends that connection, and not the process', async () => {
  await using app = await serveTcp(at, (socket) => socket.pipe(socket).on('error', () => {}))
  const pool = setting.of(app.port)
  for (const where of ['onData', 'onClosed'] as const) {
    const opened = await open(pool)
    assert.ok(opened.ok)
    const fail = (): never => {
      throw new Error(`a bug in ${where}`)
    }
    let isClosed = false
    opened.channel.handler = { ...ignoreChannel, onClosed: () => void (isClosed = true), [where]: fail }
    opened.channel.sendText('x')
    if (where === 'onData') await until(() => isClosed)
    else app.sockets.at(-1)?.resetAndDestroy()
    await until(() => setting.counters.openUpstreamConnections === 0)
    assert.match(String(setting.faults.at(-1)), new RegExp(`a bug in ${where}`))
    opened.release()
  }
})
