import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import * as h2 from '../../src/http/h2/constants.ts'
import { clientTlsOptions } from '../../src/identity/tls.ts'
import {
  clientPreface,
  createBlockWriter,
  dataFrame,
  formatFrame,
  formatVerdict,
  headersFrame,
  resetFrame,
  settingsFrame,
  windowFrame,
  words,
} from '../support/http/h2-frames.ts'
import { openTunnel } from '../support/mesh/client-tunnel.ts'
import type { ClientTunnel } from '../support/mesh/client-tunnel.ts'
import { Mesh, VIP, identityOf, until } from '../support/mesh/mesh.ts'

const request = 'GET / HTTP/1.1\r\nhost: api\r\n\r\n'
const id = (i: number): number => i * 2 + 1

/** Frames by hand on a connection of a client that is trusted like any other. */
class HostileClient {
  readonly socket: TLSSocket
  readonly #write = createBlockWriter()
  readonly #received: Buffer[] = []

  private constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => this.#received.push(chunk))
  }

  static async dial(mesh: Mesh, ...settings: readonly (readonly [number, number])[]): Promise<HostileClient> {
    const credentials = await mesh.ca.issue(identityOf('client'))
    const socket = connectTls({ ...clientTlsOptions(credentials), host: '127.0.0.1', port: mesh.port })
    await once(socket, 'secureConnect')
    const client = new HostileClient(socket)
    client.send(clientPreface, settingsFrame(...settings))
    return client
  }

  open(streamId: number, flags = h2.FLAG_END_HEADERS, authority = VIP): Buffer {
    return headersFrame(flags, streamId, this.#write(':method', 'CONNECT', ':authority', authority))
  }

  send(...frames: readonly Buffer[]): boolean {
    return this.socket.destroyed || this.socket.write(Buffer.concat(frames))
  }

  /** GOAWAY and RST_STREAM that came, until the waypoint closed. */
  async verdict(): Promise<readonly string[]> {
    if (!this.socket.closed) await once(this.socket, 'close')
    return formatVerdict(Buffer.concat(this.#received))
  }
}

/** What is sent over and over: turn `i`. */
const floods: Readonly<Record<string, (client: HostileClient, i: number) => Buffer>> = {
  'streams opened and reset': (client, i) => Buffer.concat([client.open(id(i)), resetFrame(id(i))]),
  'requests sent and reset': (client, i) =>
    Buffer.concat([client.open(id(i)), dataFrame(0, id(i), Buffer.from(request)), resetFrame(id(i))]),
  'streams that the waypoint is made to reset': (client, i) =>
    Buffer.concat([client.open(id(i)), dataFrame(0, id(i), Buffer.from(request)), windowFrame(id(i), 0)]),
  'a header block without end': (client, i) =>
    i === 0 ? client.open(1, 0) : formatFrame(h2.FRAME_CONTINUATION, 0, 1, Buffer.alloc(0)),
  SETTINGS: () => settingsFrame([h2.SETTINGS_INITIAL_WINDOW_SIZE, 1]),
  PING: () => formatFrame(h2.FRAME_PING, 0, 0, words(1, 2)),
  WINDOW_UPDATE: () => windowFrame(0, 1),
  'empty DATA': (client, i) => (i === 0 ? client.open(1) : dataFrame(0, 1, Buffer.alloc(0))),
}

describe('over TLS, with somebody else on a connection of their own', { timeout: 60_000 }, () => {
  let mesh: Mesh
  let victim: ClientTunnel
  beforeEach(async () => {
    mesh = await Mesh.start()
    victim = await mesh.tunnel()
    assert.equal((await victim.get()).head.status, 200)
  })
  afterEach(() => mesh.close())

  /** Nothing is left of the flood, and the other one has not noticed. */
  const isOver = async (): Promise<void> => {
    await until(() => mesh.counters.openConnections === 1, 'the hostile connection to be gone')
    await until(() => mesh.counters.openTunnels === 1, 'its tunnels to be gone')
    await until(() => mesh.counters.activeExchanges === 0, 'its exchanges to be gone')
    assert.equal((await victim.get()).head.status, 200)
  }

  for (const [name, unit] of Object.entries(floods)) {
    it(`a flood of ${name} ends in ENHANCE_YOUR_CALM`, async () => {
      const client = await HostileClient.dial(mesh)
      // Three times the limit: whenever a second ends meanwhile, one part of it is a flood.
      for (let i = 0; i < 12_000; i += 100) client.send(...Array.from({ length: 100 }, (_, k) => unit(client, i + k)))
      assert.equal((await client.verdict()).at(-1), 'connection ENHANCE_YOUR_CALM')
      await isOver()
      assert.ok(
        mesh.logs.some((line) => line.includes('HBONE connection from spiffe://cluster.local/ns/shop/sa/client')),
        mesh.logs.join(),
      )
    })
  }

  it('a client that opens no window has one answer made for it, however many requests it sends', async () => {
    const client = await HostileClient.dial(mesh, [h2.SETTINGS_INITIAL_WINDOW_SIZE, 0])
    const before = mesh.records.length
    const seen = mesh.pod.requests
    client.send(...Array.from({ length: 50 }, (_, i) => client.open(id(i))))
    const many = Buffer.from(request.repeat(500))
    client.send(...Array.from({ length: 50 }, (_, i) => dataFrame(0, id(i), many)))
    await until(() => mesh.pod.requests >= seen + 50, 'the first request of each tunnel')
    assert.equal((await victim.get()).head.status, 200)
    assert.equal(mesh.pod.requests, seen + 51)
    assert.ok(mesh.records.length <= before + 1, `${mesh.records.length - before} exchanges finished`)
    client.socket.destroy()
    await isOver()
  })

  it('3,000 short tunnels on one connection, a hundred at a time and each closed by RST_STREAM, are no flood', async () => {
    const client = await mesh.dial()
    const exchange = async (): Promise<void> => {
      const tunnel = await openTunnel(client, VIP)
      assert.equal((await tunnel.get()).head.status, 200)
      tunnel.channel.reset(h2.CANCEL)
    }
    for (let i = 0; i < 30; i++) await Promise.all(Array.from({ length: 100 }, exchange))
    assert.equal(mesh.counters.connectionsTotal, 2)
    client.destroy()
    await isOver()
  })

  it('a body of one byte in each frame arrives', async () => {
    const client = await HostileClient.dial(mesh)
    const head = `POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 20000\r\n\r\n`
    client.send(client.open(1), dataFrame(0, 1, Buffer.from(head)))
    for (let i = 0; i < 20; i++) client.send(...Array.from({ length: 1000 }, () => dataFrame(0, 1)))
    const record = await mesh.record(2)
    assert.equal(record.status, 200)
    assert.ok(record.requestBytes >= 20_000)
    client.socket.destroy()
    await isOver()
  })
})
