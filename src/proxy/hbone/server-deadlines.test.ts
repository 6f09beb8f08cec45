import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { clientPreface, formatVerdict, headersFrame, settingsFrame } from '../../../test/support/http/h2-frames.ts'
import { Mesh, identityOf, until } from '../../../test/support/mesh/mesh.ts'
import { clientTlsOptions } from '../../identity/tls.ts'
import { Counters } from '../counters.ts'
import { Flusher } from '../flusher.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import { HboneServer } from './server.ts'

/** SETTINGS of three entries, and the WINDOW_UPDATE of the connection. */
const OWN_SETTINGS_BYTES = 40

let mesh: Mesh
let server: HboneServer
let counters: Counters
let warnings: string[]

beforeEach(async () => {
  mesh = await Mesh.start()
  counters = new Counters()
  warnings = []
})
afterEach(async () => {
  server.destroy()
  await until(() => counters.openConnections === 0 && counters.openHandshakes === 0)
  await mesh.close()
})

const listen = async (deadlines: Partial<Deadlines>): Promise<number> => {
  server = new HboneServer({
    credentials: await mesh.ca.issue(identityOf('waypoint')),
    trustDomains: ['cluster.local'],
    tls: {},
    flusher: new Flusher(),
    counters,
    deadlines: { ...defaultDeadlines, ...deadlines },
    onTunnel: (tunnel) => tunnel.refuse(404),
    onWarning: (message) => warnings.push(message),
  })
  return server.listen({ host: '127.0.0.1', port: 0, reusePort: false })
}

/** A handshaken socket, and what it has read. */
const dial = async (port: number): Promise<{ readonly socket: TLSSocket; readonly read: () => Buffer }> => {
  const chunks: Buffer[] = []
  const socket = connect({ ...clientTlsOptions(await mesh.ca.issue(identityOf('client'))), host: '127.0.0.1', port })
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'secureConnect')
  await until(() => counters.openConnections > 0)
  return { socket, read: () => Buffer.concat(chunks) }
}

describe('a peer that keeps us waiting', () => {
  it('in its handshake is closed; Node only tells of it', async () => {
    const port = await listen({ handshakeMs: 20 })
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    await once(socket, 'close')
    assert.equal(counters.deadlines.handshake, 1)
    assert.equal(counters.tlsHandshakeFailures, 1)
    assert.deepEqual(warnings, ['HBONE handshake failed: ERR_TLS_HANDSHAKE_TIMEOUT, with 127.0.0.1'])
  })

  const settings = settingsFrame()
  const late: readonly (readonly [string, Buffer, RegExp])[] = [
    ['for its preface', Buffer.alloc(0), /no preface and SETTINGS within 5000 ms/],
    ['in the middle of its preface', clientPreface.subarray(0, 10), /no preface and SETTINGS within 5000 ms/],
    ['for its SETTINGS', clientPreface, /no preface and SETTINGS/],
    ['for the answer to ours', Buffer.concat([clientPreface, settings]), /no answer to our SETTINGS within 5000 ms/],
  ]
  for (const [what, bytes, warning] of late) {
    it(`${what} is told so and closed`, async () => {
      const port = await listen({ prefaceMs: 5000 })
      const { socket, read } = await dial(port)
      socket.write(bytes)
      // Our SETTINGS, and behind them the answer to the peer's: what it wrote has arrived.
      await until(() => read().length > (bytes.includes(settings) ? OWN_SETTINGS_BYTES : 0))
      server.tick(1000)
      server.tick(5900)
      assert.equal(counters.deadlines.preface, 0)
      server.tick(6000)
      await once(socket, 'close')
      assert.equal(counters.deadlines.preface, 1)
      assert.equal(warnings.length, 1)
      assert.match(warnings[0] ?? '', warning)
      assert.match(warnings[0] ?? '', /spiffe:\/\/cluster\.local\/ns\/shop\/sa\/client at 127\.0\.0\.1/)
      assert.deepEqual(formatVerdict(read()), ['connection SETTINGS_TIMEOUT'])
    })
  }

  it('for the end of a header block is told so and closed', async () => {
    const port = await listen({ requestHeadMs: 3000 })
    const { socket, read } = await dial(port)
    const acknowledged = settingsFrame()
    acknowledged[4] = 1
    socket.write(Buffer.concat([clientPreface, settings, acknowledged, headersFrame(0, 1, Buffer.alloc(0))]))
    await until(() => read().length > OWN_SETTINGS_BYTES)
    server.tick(1000)
    server.tick(3900)
    assert.equal(counters.deadlines.requestHead, 0)
    server.tick(4000)
    await once(socket, 'close')
    assert.deepEqual(formatVerdict(read()), ['connection ENHANCE_YOUR_CALM'])
    assert.equal(counters.deadlines.requestHead, 1)
    assert.match(warnings[0] ?? '', /a header block took more than 3000 ms/)
  })

  it('may do so for ever when there are no deadlines', async () => {
    const port = await listen({ prefaceMs: 0, requestHeadMs: 0, handshakeMs: 0 })
    const { socket } = await dial(port)
    server.tick(1000)
    server.tick(3_600_000)
    assert.equal(counters.openConnections, 1)
    assert.equal(counters.deadlines.preface, 0)
    socket.destroy()
  })
})
