import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import {
  isRunning,
  runArguments,
  startFairway,
  startProcess,
  workerCounts,
  type FairwayProcess,
} from './support/fairway-process.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const network = '127.71.20'
const VIP = '10.96.0.10:80'
const OTHER = '10.96.0.11:80'

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
  ...service({ name: 'other', vip: '10.96.0.11', endpoints: [{ address: `${network}.2`, port: 9080 }] }),
]

let mesh: Mesh
before(async () => {
  mesh = await createMesh(objects)
  await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
  await mesh.startPod('other', { address: `${network}.2`, port: 9080 })
})
after(() => mesh?.[Symbol.asyncDispose]())

const portOf = (address: string): string => address.split(':').at(-1) ?? ''

const findFreePort = async (): Promise<string> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server has one.
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return String(port)
}

/** A copy that is started on the files of the mesh, not waited for. */
const startCopy = (workers: number, flags: readonly string[]): FairwayProcess =>
  startProcess(runArguments({ files: [mesh.objectsFile], certs: mesh.certs, workers, flags }))

for (const workers of workerCounts(2)) {
  describe(`a second copy with --workers ${workers}`, () => {
    it('is told of all ports that are taken, at once', async () => {
      await using first = await mesh.startFairway(workers)
      const { hbone, admin, metrics, ready } = first.addresses
      const flags = [
        ...['--hbone-port', portOf(hbone), '--admin-port', portOf(admin)],
        ...['--metrics-port', portOf(metrics), '--ready-port', portOf(ready)],
      ]
      await using second = startCopy(workers, flags)
      assert.deepEqual(await second.ended, { code: 78, signal: null })
      const said = `${admin} (admin), ${metrics} (metrics), ${ready} (ready), ${hbone} (hbone): another program has these`
      assert.ok(second.stderr().includes(said), second.stderr())
      assert.match(second.stderr(), /--admin-port, --metrics-port, --ready-port, --hbone-port \(0 picks a free one\)/)
    })

    it('is refused at an address that includes the first one’s', async () => {
      await using first = await mesh.startFairway(workers)
      await using second = startCopy(workers, ['--hbone-port', portOf(first.addresses.hbone), '--bind', '0.0.0.0'])
      assert.deepEqual(await second.ended, { code: 78, signal: null })
      assert.match(second.stderr(), /cannot listen on 0\.0\.0\.0:\d+ \(hbone\): another program.*--hbone-port/)
    })

    it('is refused as well when both start in the same moment', async () => {
      const flags = ['--hbone-port', await findFreePort()]
      await using one = startCopy(workers, flags)
      await using two = startCopy(workers, flags)
      const isReady = (copy: FairwayProcess): boolean => copy.log().some(({ event }) => event === 'ready')
      const loser = await Promise.race([one.ended.then(() => one), two.ended.then(() => two)])
      const winner = loser === one ? two : one
      assert.deepEqual(await loser.ended, { code: 78, signal: null })
      assert.match(loser.stderr(), /cannot listen on .*another program has the port/)
      assert.equal(isReady(loser), false)
      await eventually('the other one to be ready', () => isReady(winner))
    })
  })

  it(`SIGUSR1 opens no inspector with --workers ${workers}`, async () => {
    await using fairway = await mesh.startFairway(workers)
    const processes = [fairway.pid, ...fairway.workers()]
    assert.equal(processes.length, workers === 1 ? 1 : 3)
    for (const pid of processes) process.kill(pid, 'SIGUSR1')
    const client = await mesh.dial(fairway)
    for (let i = 0; i < 5; i++) assert.equal((await client.request(VIP)).status, 200)
    assert.deepEqual(
      processes.map((pid) => isRunning(pid)),
      processes.map(() => true),
    )
    assert.doesNotMatch(fairway.stderr(), /Debugger|inspector|ended unexpectedly/)
  })
}

it('an inspector that was asked for through NODE_OPTIONS is warned of', async () => {
  const child = { env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } }
  await using fairway = await startFairway({
    ...{ files: [mesh.objectsFile], certs: mesh.certs, workers: 1, process: child },
  })
  assert.match(fairway.stderr(), /"level":"warn","message":"Node was started with --inspect: /)
})

describe('file descriptors', () => {
  const start = (descriptors: number) =>
    startFairway({ files: [mesh.objectsFile], certs: mesh.certs, workers: 1, process: { descriptors } })

  it('too few to serve: nothing is started', async () => {
    const args = runArguments({ files: [mesh.objectsFile], certs: mesh.certs, workers: 1 })
    await using child = startProcess(args, { descriptors: 200 })
    assert.deepEqual(await child.ended, { code: 78, signal: null })
    assert.match(child.stderr(), /^fairway run: .* 200 file descriptors open, .* at least 256.*ulimit -Hn/m)
  })

  it('few: a warning says how many connections that is', async () => {
    await using fairway = await start(1000)
    assert.match(fairway.stderr(), /1000 file descriptors open: at most 468 connections/)
  })

  it('when they run out, what is open goes on, a warning says so, and it recovers', async () => {
    await using fairway = await start(300)
    const client = await mesh.dial(fairway)
    assert.equal((await client.request(VIP)).status, 200)
    const hogs: Socket[] = []
    const { hbone, admin, metrics, ready } = fairway.addresses
    const hog = (address: string): void => {
      const socket = connect({ host: '127.0.0.1', port: Number(portOf(address)) })
      socket.on('error', () => socket.destroy())
      hogs.push(socket)
    }
    for (let i = 0; i < 130; i++) for (const address of [admin, metrics, ready, hbone]) hog(address)
    await fairway.waitForLog(
      'a warning',
      ({ event, message }) => event === 'descriptors' && /in use|is left/.test(String(message)),
    )
    assert.equal((await client.request(VIP)).status, 200, 'a tunnel that is open needs no descriptor')
    for (const socket of hogs) socket.destroy()
    await eventually('another destination', async () => (await client.request(OTHER)).status === 200)
    const fresh = await eventually('a new connection', () => mesh.dial(fairway).catch(() => undefined))
    assert.equal((await fresh.request(VIP)).status, 200)
    assert.equal((await fairway.readiness()).status, 200)
  })
})
