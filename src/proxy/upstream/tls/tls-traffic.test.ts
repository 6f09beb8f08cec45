import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { advanceInSteps, createFakeClock } from '../../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../../test/support/fake-clock.ts'
import { openTunnel } from '../../../../test/support/mesh/client-tunnel.ts'
import { VIP, until } from '../../../../test/support/mesh/mesh.ts'
import { createBackendCa } from '../../../../test/support/tls/backend-ca.ts'
import { answerEach, serveTcp, serveTls } from '../../../../test/support/tls/tls-app.ts'
import { TlsMesh, TRANSPORTS } from '../../../../test/support/tls/tls-mesh.ts'
import { arrivals } from '../../../../test/support/turns.ts'

const HOST = 'orders.shop.svc'
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const MIB = 1024 * 1024

const ca = createBackendCa()
const good = ca.issue([HOST])

let setting: TlsMesh
afterEach(() => setting.close())

/** Waits until a value has not changed for so long that nothing is under way any more. */
const settled = async (read: () => number): Promise<number> => {
  let last = read()
  for (let same = 0; same < 30; same++) {
    await arrivals(1)
    const next = read()
    if (next !== last) same = 0
    last = next
  }
  return last
}

const pattern = Buffer.alloc(MIB)
for (let i = 0; i < MIB; i += 4) pattern.writeUInt32BE(i * 31, i)

/** Writes `mib` times the pattern, each piece when the one before has left. */
const pour = async (socket: TLSSocket, mib: number): Promise<void> => {
  for (let i = 0; i < mib && !socket.destroyed; i++) if (!socket.write(pattern)) await once(socket, 'drain')
}

for (const transport of TRANSPORTS) {
  describe(`TLS to an application, ${transport}:`, () => {
    it('requests share a kept connection; SNI and ALPN are sent, and no certificate', async () => {
      setting = await TlsMesh.start(transport)
      await using app = await serveTls(
        { ...good, requestCert: true, rejectUnauthorized: false },
        setting.at,
        answerEach(OK),
      )
      setting.put(ca.tls(HOST), app.port)
      const tunnel = await setting.mesh.tunnel()
      for (let i = 0; i < 3; i++) assert.equal((await tunnel.get()).body.toString(), 'ok')
      const [socket, ...others] = app.sockets
      assert.deepEqual(others, [])
      assert.equal(socket?.servername, HOST)
      assert.equal(socket.alpnProtocol, 'http/1.1')
      assert.equal(socket.getProtocol(), 'TLSv1.3')
      assert.equal(socket.getPeerX509Certificate(), undefined)
      assert.equal(setting.mesh.counters.upstreamTlsFailures, 0)
    })

    it('a long answer to a client that does not read waits at the application, and comes whole', async () => {
      setting = await TlsMesh.start(transport)
      await using app = await serveTls(good, setting.at, (socket) => {
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${48 * MIB}\r\n\r\n`)
          void pour(socket, 48)
        })
      })
      setting.put(ca.tls(HOST), app.port)
      const tunnel = await setting.mesh.tunnel()
      tunnel.isReading = false
      const answer = tunnel.get()
      const sent = await settled(() => app.sockets[0]?.bytesWritten ?? 0)
      assert.ok(sent < 40 * MIB, `${sent} bytes were taken from the application`)
      const { heldBytes } = setting.mesh.counters
      assert.ok(heldBytes > 0 && heldBytes < MIB, `${heldBytes} bytes are held`)
      tunnel.readOn()
      const { body } = await answer
      assert.equal(body.length, 48 * MIB)
      for (let i = 0; i < 48; i++) assert.ok(body.subarray(i * MIB, (i + 1) * MIB).equals(pattern), `MiB ${i}`)
      assert.equal(setting.mesh.counters.heldBytes, 0)
    })

    it('a long request to an application that does not read waits at the client, and comes whole', async () => {
      setting = await TlsMesh.start(transport)
      let bytes = 0
      await using app = await serveTls(good, setting.at, (socket) => {
        socket.pause()
        socket.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (chunk.toString('latin1').endsWith('END')) socket.write(OK)
        })
      })
      setting.put(ca.tls(HOST), app.port)
      const tunnel = await setting.mesh.tunnel()
      tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${48 * MIB + 3}\r\n\r\n`, 'POST')
      let queued = 0
      const upload = (async () => {
        for (; queued < 48; queued++) await tunnel.upload(MIB)
        tunnel.write('END')
      })()
      await until(() => app.sockets.length === 1)
      assert.ok((await settled(() => queued)) < 40, `${queued} MiB were taken from the client`)
      const { heldBytes } = setting.mesh.counters
      assert.ok(heldBytes < MIB, `${heldBytes} bytes are held`)
      app.sockets[0]?.resume()
      await upload
      assert.equal((await tunnel.answer()).head.status, 200)
      assert.ok(bytes > 48 * MIB)
      assert.equal(setting.mesh.counters.heldBytes, 0)
    })

    it('more readers than there is memory for get their answers all the same', async () => {
      setting = await TlsMesh.start(transport, { bufferBytes: 3 * MIB })
      const { mesh } = setting
      await using app = await serveTls(good, setting.at, (socket) => {
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${2 * MIB}\r\n\r\n`)
          void pour(socket, 2)
        })
      })
      setting.put(ca.tls(HOST), app.port)
      const client = await mesh.dial()
      const tunnels = await Promise.all(Array.from({ length: 24 }, () => openTunnel(client, VIP)))
      for (const tunnel of tunnels) tunnel.isReading = false
      const answers = Promise.all(tunnels.map((tunnel) => tunnel.get()))
      await until(() => mesh.counters.heldBytes > 3 * MIB)
      await until(() => {
        for (const tunnel of tunnels) {
          const bytes = Math.min(tunnel.unread, 16_384)
          tunnel.unread -= bytes
          if (bytes > 0) tunnel.channel.consume(bytes)
        }
        return tunnels.every((tunnel) => tunnel.received >= 2 * MIB)
      })
      for (const tunnel of tunnels) tunnel.readOn()
      for (const { body } of await answers) assert.equal(body.length, 2 * MIB)
      assert.ok(mesh.counters.bufferLimitReached > 0)
      assert.deepEqual([mesh.counters.heldBytes, mesh.counters.holdersShed], [0, 0])
    })

    it('bodies go both ways at once', async () => {
      setting = await TlsMesh.start(transport)
      await using app = await serveTls(good, setting.at, (socket) => {
        let isBody = false
        socket.on('data', (chunk: Buffer) => {
          const at = isBody ? 0 : chunk.indexOf('\r\n\r\n') + 4
          if (!isBody) socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${8 * MIB}\r\n\r\n`)
          isBody = true
          if (at < chunk.length && !socket.write(chunk.subarray(at))) socket.pause()
        })
        socket.on('drain', () => socket.resume())
      })
      setting.put(ca.tls(HOST), app.port)
      const tunnel = await setting.mesh.tunnel()
      tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\ncontent-length: ${8 * MIB}\r\n\r\n`, 'POST')
      await tunnel.upload(8 * MIB)
      const { body } = await tunnel.answer()
      assert.equal(body.length, 8 * MIB)
      assert.equal(body.indexOf('u'), 0)
      assert.equal(body.lastIndexOf('u'), 8 * MIB - 1)
    })

    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`a body that ends with close_notify is whole (${maxVersion})`, async () => {
        setting = await TlsMesh.start(transport)
        await using app = await serveTls({ ...good, maxVersion }, setting.at, (socket) => {
          socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(100_000)}`))
        })
        setting.put(ca.tls(HOST), app.port)
        const answer = await (await setting.mesh.tunnel()).get()
        assert.equal(answer.body.length, 100_000)
        assert.equal((await setting.mesh.record(1)).flags, '-')
        await until(() => app.sockets[0]?.destroyed === true)
      })

      it(`a body that ends with the connection, without close_notify, was cut (${maxVersion})`, async () => {
        setting = await TlsMesh.start(transport)
        await using cutter = await serveTls({ ...good, maxVersion }, setting.at, (socket) => {
          socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1000)}`))
        })
        setting.put(ca.tls(HOST), cutter.port)
        const tunnel = await setting.mesh.tunnel()
        void tunnel.get()
        await until(() => tunnel.partial.bytes === 1000)
        // Below TLS: a FIN on the socket itself, which whoever is in between could send as well.
        cutter.raw[0]?.destroy()
        assert.equal(await tunnel.ended, 'reset-error')
        assert.match(setting.lastFailure, /reset the connection/)
      })
    }

    for (const [how, leave] of [
      ['politely', (socket: TLSSocket) => socket.end()],
      ['without a word', (socket: TLSSocket) => socket.destroy()],
    ] as const) {
      it(`a kept connection that the application ends ${how} is not used again`, async () => {
        setting = await TlsMesh.start(transport)
        await using app = await serveTls(good, setting.at, answerEach(OK))
        setting.put(ca.tls(HOST), app.port)
        const tunnel = await setting.mesh.tunnel()
        await tunnel.get()
        const [first] = app.sockets
        assert.ok(first)
        leave(first)
        await until(() => first.destroyed)
        await settled(() => setting.mesh.counters.openUpstreamConnections)
        assert.equal((await tunnel.request('POST', '/')).head.status, 200)
        assert.equal((await setting.mesh.record(2)).attempts, 1)
        assert.equal(app.sockets.length, 2)
      })
    }

    it('a demand for our certificate, which TLS 1.3 makes after the handshake, is a lost connection', async () => {
      setting = await TlsMesh.start(transport)
      await using app = await serveTls({ ...good, ca: ca.pem, requestCert: true }, setting.at, answerEach(OK))
      setting.put(ca.tls(HOST), app.port)
      assert.equal((await (await setting.mesh.tunnel()).request('POST', '/')).head.status, 503)
      assert.match(setting.lastFailure, /reset the connection/)
      assert.equal(app.sockets.length, 0)
    })

    it('an idle connection is ended with close_notify after half a minute', async () => {
      const clock: FakeClock = createFakeClock()
      setting = await TlsMesh.start(transport, { clock })
      let ends = 0
      await using app = await serveTls(good, setting.at, (socket) => {
        answerEach(OK)(socket)
        socket.on('end', () => ends++)
      })
      setting.put(ca.tls(HOST), app.port)
      await (await setting.mesh.tunnel()).get()
      await advanceInSteps(clock, 25_000)
      assert.equal(ends, 0)
      await advanceInSteps(clock, 8_000)
      await until(() => ends === 1)
      await until(() => app.sockets[0]?.destroyed === true)
    })

    it('later handshakes are shortened by earlier ones, for ten minutes', async () => {
      const clock = createFakeClock()
      setting = await TlsMesh.start(transport, { clock })
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const reused: boolean[] = []
        await using app = await serveTls({ ...good, maxVersion }, setting.at, (socket) => {
          reused.push(socket.isSessionReused())
          answerEach(OK)(socket)
        })
        setting.put(ca.tls(HOST), app.port)
        const tunnel = await setting.mesh.tunnel()
        await tunnel.get()
        await advanceInSteps(clock, 35_000)
        await tunnel.get()
        // The answer to this came with what a resumed handshake left.
        await advanceInSteps(clock, 540_000)
        await tunnel.get()
        await advanceInSteps(clock, 60_000)
        await tunnel.get()
        assert.deepEqual(reused, [false, true, true, false], maxVersion)
        await settled(() => setting.mesh.counters.openUpstreamConnections)
      }
    })

    it('a renegotiation is refused: who was checked stays', async () => {
      setting = await TlsMesh.start(transport)
      await using app = await serveTls({ ...good, maxVersion: 'TLSv1.2' }, setting.at, answerEach(OK))
      setting.put(ca.tls(HOST), app.port)
      const tunnel = await setting.mesh.tunnel()
      await tunnel.get()
      const [socket] = app.sockets
      let isDone = false
      socket?.renegotiate({ requestCert: true, rejectUnauthorized: false }, (error) => {
        isDone = error === null
      })
      await until(() => isDone || socket?.destroyed === true)
      assert.equal(isDone, false)
      assert.equal((await tunnel.get()).head.status, 200)
      assert.equal(app.sockets.length, 2)
    })

    it('changed settings use connections of their own, and the old ones are closed at once', async () => {
      setting = await TlsMesh.start(transport, { clock: createFakeClock() })
      const names = ['a.shop.svc', 'b.shop.svc']
      const reused: boolean[] = []
      await using app = await serveTls(ca.issue(names), setting.at, (socket) => {
        reused.push(socket.isSessionReused())
        answerEach(OK)(socket)
      })
      setting.put(ca.tls('a.shop.svc'), app.port)
      const tunnel = await setting.mesh.tunnel()
      await tunnel.get()
      // Equal settings in another model are the same.
      setting.put(structuredClone(ca.tls('a.shop.svc')), app.port)
      await tunnel.get()
      assert.equal(app.sockets.length, 1)
      setting.put(ca.tls('b.shop.svc'), app.port)
      await until(() => app.sockets[0]?.destroyed === true)
      await tunnel.get()
      assert.deepEqual(
        app.sockets.map(({ servername }) => servername),
        names,
      )
      assert.deepEqual(reused, [false, false])
    })

    it('a request under way when the settings change is finished, and its connection not kept', async () => {
      setting = await TlsMesh.start(transport, { clock: createFakeClock() })
      await using app = await serveTls(ca.issue(['a.shop.svc', 'b.shop.svc']), setting.at, () => {})
      setting.put(ca.tls('a.shop.svc'), app.port)
      const tunnel = await setting.mesh.tunnel()
      const answer = tunnel.get()
      await until(() => (app.sockets[0]?.bytesRead ?? 0) > 0)
      setting.put(ca.tls('b.shop.svc'), app.port)
      await settled(() => app.sockets.length)
      assert.equal(app.sockets[0]?.destroyed, false)
      app.sockets[0]?.write(OK)
      app.sockets[0]?.resume()
      assert.equal((await answer).head.status, 200)
      await until(() => app.sockets[0]?.destroyed === true)
    })

    it('the same address with and without TLS is two pools', async () => {
      setting = await TlsMesh.start(transport)
      const first: number[] = []
      await using app = await serveTcp(setting.at, (socket) => {
        socket.once('data', (chunk: Buffer) => {
          first.push(chunk[0] ?? 0)
          socket.end(OK.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'))
        })
      })
      const tunnel = await setting.mesh.tunnel()
      setting.put(ca.tls(HOST), app.port)
      assert.equal((await tunnel.get()).head.status, 503)
      setting.put(undefined, app.port)
      assert.equal((await tunnel.get()).head.status, 200)
      setting.put(ca.tls(HOST), app.port)
      assert.equal((await tunnel.get()).head.status, 503)
      // A TLS record of a handshake, the G of GET, and a handshake again.
      assert.deepEqual(first, [22, 71, 22])
    })

    it('a client that goes during the handshake leaves a connection for the next one', async () => {
      setting = await TlsMesh.start(transport)
      await using app = await serveTls(good, setting.at, answerEach(OK))
      setting.put(ca.tls(HOST), app.port)
      const impatient = await setting.mesh.dial()
      impatient.open('10.96.0.12:80', (result) => {
        if (!result.ok) return
        result.channel.sendText('GET / HTTP/1.1\r\nhost: api\r\n\r\n')
        setImmediate(() => result.channel.abort())
      })
      await until(() => app.sockets.length === 1)
      await settled(() => setting.mesh.counters.activeExchanges)
      assert.equal((await (await setting.mesh.tunnel()).get()).head.status, 200)
      assert.equal(app.sockets.length, 1)
    })
  })
}
