import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { descriptorLimit } from '../../src/app/descriptors.ts'
import { eventually } from './support/eventually.ts'
import type { RunningFairway } from './support/fairway-process.ts'
import { tlsOf, type HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { issueTo } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'

const network = '127.71.22'
const VIP = '10.96.0.10:80'
/** What one address may have waiting and under way, and more than that. */
const WAITING_OF_ONE = 1024
const SILENT = 1400

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
]

describe('more handshakes than there is time for', () => {
  let mesh: Mesh
  let fairway: RunningFairway
  let client: HboneClient
  const sockets: Socket[] = []
  before(async () => {
    mesh = await createMesh(objects)
    await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
    // Nobody here waits for it, and on a busy machine nobody's handshake may come to it.
    fairway = await mesh.startFairway(1, ['--tls-handshake-timeout', '60s'])
    client = await mesh.dial(fairway)
    assert.equal((await client.request(VIP)).status, 200)
  })
  after(async () => {
    for (const socket of sockets) socket.destroy()
    await mesh?.[Symbol.asyncDispose]()
  })

  const address = (of = fairway): { readonly host: string; readonly port: number } => {
    const [host = '', port] = of.addresses.hbone.split(':')
    return { host, port: Number(port) }
  }

  /** Connects from an address of its own, and says nothing. */
  const openSilently = async (localAddress: string, to = fairway): Promise<readonly Socket[]> => {
    const opened: Socket[] = []
    for (let i = 0; i < SILENT; i++) {
      const socket = connectTcp({ ...address(to), localAddress })
      socket.on('error', () => {})
      sockets.push(socket)
      opened.push(socket)
      // Not more at once than the kernel keeps for a listener.
      if (i % 100 === 99) await once(socket, 'connect').catch(() => {})
    }
    return opened
  }

  it('from one address are shed beyond its share, and nobody else notices', async () => {
    await openSilently('127.0.0.9')
    await eventually('the surplus to be shed', async () => {
      const shed = await fairway.metric('fairway_tls_handshakes_shed_total')
      return shed >= SILENT - WAITING_OF_ONE - 70
    })
    assert.equal((await client.request(VIP)).status, 200)
    using other = await mesh.dial(fairway)
    assert.equal((await other.request(VIP)).status, 200)
    await eventually('a warning', () => /from 127\.0\.0\.9 refused: more handshakes come/.test(fairway.stderr()))
  })

  // Of sockets that wait at one process alone.
  const skip = (descriptorLimit() ?? Infinity) < 4096 ? 'a process may have fewer than 4,096 files open' : false
  const three = 'of three hundred clients at once all succeed, though a thousand that say nothing wait before them'
  it(three, { skip }, async () => {
    const tls = tlsOf(await issueTo(mesh.ca, 'shop/client'))
    const options = { ...tls, ...address(), ALPNProtocols: ['h2'], checkServerIdentity: () => undefined }
    assert.ok((await fairway.metric('fairway_tls_handshakes_open')) > 1000, 'the silent ones still wait')
    const crowd = Array.from({ length: 300 }, async () => {
      const socket = connectTls(options)
      socket.on('error', () => {})
      await once(socket, 'secureConnect')
      return socket
    })
    for (const socket of await Promise.all(crowd)) socket.destroy()
    assert.equal((await client.request(VIP)).status, 200)
  })

  it('are over when those that say nothing have had their time', async () => {
    for (const socket of sockets) socket.destroy()
    await using hasty = await mesh.startFairway(1, ['--tls-handshake-timeout', '1s'])
    const silent = await openSilently('127.0.0.10', hasty)
    await eventually('all of them to be closed', () => silent.every((socket) => socket.destroyed || socket.closed))
    assert.equal(await hasty.metric('fairway_tls_handshakes_open'), 0)
    assert.ok((await hasty.metric('fairway_deadlines_exceeded_total', { deadline: 'handshake' })) >= 64)
  })
})
