/** Who reads the log stops for good: requests, memory and the end of the process are as ever. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { startFairway } from './support/fairway-process.ts'
import { createMesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const NETWORK = '127.71.79'
const TO = '10.96.0.62:80'
const launcher = fileURLToPath(new URL('../../src/fairway.mjs', import.meta.url))

const residentKb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)

it('a pipe that nobody reads any more costs lines, with two workers', async () => {
  await using mesh = await createMesh([
    gateway,
    ...service({ name: 'api', vip: '10.96.0.62', endpoints: [{ address: `${NETWORK}.1`, port: 8080 }] }),
  ])
  await mesh.startPod('api', { address: `${NETWORK}.1`, port: 8080 })
  const fifo = join(mesh.dir, 'stdout')
  execFileSync('mkfifo', [fifo])
  // Held open, and never read.
  const reader = openSync(fifo, constants.O_RDWR)
  const command = ['sh', '-c', `exec "$0" "$@" >"${fifo}"`, process.execPath, launcher]
  await using fairway = await startFairway({
    ...{ files: [mesh.objectsFile], certs: mesh.certs, workers: 2 },
    flags: ['--access-log', 'json', '--flow-log', '/dev/stdout', '--drain-seconds', '2'],
    process: { command },
  })
  const clients = await Promise.all([mesh.dial(fairway), mesh.dial(fairway), mesh.dial(fairway)])
  let slowestMs = 0
  const ask = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      await Promise.all(
        clients.map(async (client) => {
          const begin = performance.now()
          const headers = { 'user-agent': 'a'.repeat(4000) }
          assert.equal((await client.request(TO, { path: `/${'b'.repeat(3000)}`, headers })).status, 200)
          slowestMs = Math.max(slowestMs, performance.now() - begin)
        }),
      )
    }
  }
  await ask(300)
  const before = fairway.workers().map(residentKb)
  await ask(600)
  const after = fairway.workers().map(residentKb)
  const grown = after.map((kb, i) => kb - (before[i] ?? 0))
  assert.ok(Math.max(...grown) < 40 * 1024, `grew by ${grown.join(' and ')} KB`)
  assert.ok(slowestMs < 2000, `${slowestMs} ms`)
  await eventually('lines are counted', async () => {
    const metrics = await fetch(`http://${fairway.addresses.metrics}/stats/prometheus`)
    return Number(/^fairway_access_log_dropped_total (\d+)/m.exec(await metrics.text())?.[1] ?? 0) > 100
  })
  const begin = performance.now()
  fairway.kill('SIGTERM')
  assert.deepEqual(await fairway.ended, { code: 0, signal: null })
  assert.ok(performance.now() - begin < 10_000, `${performance.now() - begin} ms to the end`)
  closeSync(reader)
})
