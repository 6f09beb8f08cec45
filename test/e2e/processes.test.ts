import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { isRunning, workerCounts, type RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import { startLoad } from './support/load.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const network = '127.71.5'
const VIP = '10.96.0.10:80'
const SLOW = '10.96.0.11:80'
/** Well below the time to drain, which is 25 seconds: what takes that long has waited for it. */
const SOON_MS = 10_000

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
  ...service({ name: 'slow', vip: '10.96.0.11', endpoints: [{ address: `${network}.2`, port: 9080 }] }),
]

const tenAnHour = {
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'RateLimit',
  metadata: { name: 'ten', namespace: 'shop' },
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
    limits: [
      {
        name: 'ten',
        rate: { requests: 10, per: '1h' },
        matches: [{ path: { type: 'Exact', value: '/limited' } }],
      },
    ],
  },
}

for (const workers of workerCounts(2)) {
  describe(`signals with --workers ${workers}`, () => {
    let mesh: Mesh
    /** Requests to `slow` that wait for their answer. */
    const held: ServerResponse[] = []
    before(async () => {
      mesh = await createMesh(objects)
      await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
      await mesh.startPod('slow', {
        address: `${network}.2`,
        port: 9080,
        answer: (_, response) => void held.push(response),
      })
    })
    after(() => mesh?.[Symbol.asyncDispose]())

    /** Sends a request whose answer `held` holds back. */
    const hold = async (client: HboneClient): Promise<{ readonly outcome: Promise<number | string> }> => {
      const known = held.length
      const outcome = client.request(SLOW).then(
        ({ status }) => status,
        (error: unknown) => String(error),
      )
      await eventually('the request to arrive', () => held.length > known)
      return { outcome }
    }
    const endsSoon = async (fairway: RunningFairway): Promise<void> => {
      const startedMs = Date.now()
      assert.deepEqual(await fairway.ended, { code: 0, signal: null }, fairway.stderr())
      const tookMs = Date.now() - startedMs
      assert.ok(tookMs < SOON_MS, `took ${tookMs} ms`)
      assert.ok(
        fairway.log().some(({ event }) => event === 'stopped'),
        fairway.stderr(),
      )
    }

    it('SIGTERM under load: no request fails when clients heed GOAWAY', async () => {
      const [first, second] = [await mesh.startFairway(workers), await mesh.startFairway(workers)]
      const load = startLoad({
        lanes: 8,
        lanesPerConnection: 2,
        dial: () => mesh.dial(first).catch(() => mesh.dial(second)),
        authority: VIP,
        check: ({ status }) => (status === 200 ? undefined : `status ${status}`),
      })
      await eventually('load', () => load.requests() > 100)
      first.kill('SIGTERM')
      await eventually('not ready', async () => (await first.readiness().catch(() => undefined))?.status !== 200)
      await endsSoon(first)
      const atEnd = load.requests()
      await eventually('load on the other one', () => load.requests() > atEnd + 100)
      const report = await load.stop()
      assert.deepEqual(report.failures, [])
    })

    it('SIGTERM waits for the answer under way', async () => {
      const fairway = await mesh.startFairway(workers)
      const { outcome } = await hold(await mesh.dial(fairway))
      fairway.kill('SIGTERM')
      await eventually('draining', async () => (await fairway.readiness()).reason === 'draining')
      held.at(-1)?.end('late')
      assert.equal(await outcome, 200)
      await endsSoon(fairway)
    })

    it('SIGTERM waits no longer than --drain-seconds, and then says so', async () => {
      const fairway = await mesh.startFairway(workers, ['--drain-seconds', '1'])
      const client = await mesh.dial(fairway)
      const goaways: string[] = []
      client.session.on('goaway', (code, _last, text) => goaways.push(`${code} ${String(text ?? '')}`))
      const { outcome } = await hold(client)
      fairway.kill('SIGTERM')
      await endsSoon(fairway)
      assert.match(String(await outcome), /Error/)
      assert.deepEqual(goaways, ['0 ', '0 ', '0 the waypoint ends, and the 1000 ms to drain are over'])
      await fairway.waitForLog('what was given up', ({ message }) =>
        String(message).startsWith('1 tunnels on 1 connections'),
      )
    })

    it('a second SIGTERM ends it at once', async () => {
      const fairway = await mesh.startFairway(workers)
      const { outcome } = await hold(await mesh.dial(fairway))
      fairway.kill('SIGTERM')
      await eventually('draining', async () => (await fairway.readiness()).reason === 'draining')
      fairway.kill('SIGTERM')
      await endsSoon(fairway)
      assert.match(String(await outcome), /Error/)
    })

    it('SIGINT ends it at once', async () => {
      const fairway = await mesh.startFairway(workers)
      const { outcome } = await hold(await mesh.dial(fairway))
      fairway.kill('SIGINT')
      await endsSoon(fairway)
      assert.match(String(await outcome), /Error/)
    })

    it('POST /drain ends it as SIGTERM does', async () => {
      const fairway = await mesh.startFairway(workers)
      const { outcome } = await hold(await mesh.dial(fairway))
      await fairway.admin('/drain', 'POST')
      assert.deepEqual(await fairway.readiness(), { status: 503, reason: 'draining' })
      held.at(-1)?.end('late')
      assert.equal(await outcome, 200)
      await endsSoon(fairway)
    })
  })
}

describe('workers that die', () => {
  let mesh: Mesh
  let fairway: RunningFairway
  before(async () => {
    mesh = await createMesh(objects)
    await mesh.startPod('api', { address: `${network}.3`, port: 9080, who: 'shop/api' })
    mesh.write([
      gateway,
      ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.3`, port: 9080 }] }),
      tenAnHour,
    ])
    fairway = await mesh.startFairway(2)
  })
  after(() => mesh?.[Symbol.asyncDispose]())

  const serves = async (): Promise<void> => {
    const client = await mesh.dial(fairway)
    assert.equal((await client.request(VIP)).status, 200)
  }

  /** How many of 20 requests that are limited pass, each by a connection of its own. */
  const countPassing = async (): Promise<number> => {
    let passed = 0
    for (let i = 0; i < 20; i++) {
      using client = await mesh.dial(fairway)
      if ((await client.request(VIP, { path: '/limited' })).status === 200) passed++
    }
    return passed
  }

  it('both count the same', async () => {
    const passed = await countPassing()
    // What a worker has let pass the other one knows a few milliseconds later.
    assert.ok(passed >= 10 && passed <= 12, String(passed))
  })

  it('the other one serves, and another takes the place of the one that was killed', async () => {
    const pids = fairway.workers()
    assert.equal(pids.length, 2)
    const [victim = 0, survivor = 0] = pids
    process.kill(victim, 'SIGKILL')
    const trouble = await eventually('not ready', async () => {
      const { status, reason } = await fairway.readiness()
      return status === 503 ? reason : undefined
    })
    assert.equal(trouble, '1 of 2 workers are running')
    for (let i = 0; i < 5; i++) await serves()
    await eventually('ready', async () => (await fairway.readiness()).status === 200)
    const now = fairway.workers()
    assert.equal(now.length, 2)
    assert.ok(now.includes(survivor) && !now.includes(victim), `${pids} became ${now}`)
    await fairway.waitForLog('its end', ({ message }) =>
      String(message).includes(`worker ${victim} ended unexpectedly`),
    )
    for (let i = 0; i < 10; i++) await serves()
    assert.equal(await countPassing(), 0, 'the new one knows what was counted')
  })

  it('one that takes the place of another has the configuration and certificate of the day', async () => {
    const [victim = 0] = fairway.workers()
    mesh.write([
      gateway,
      ...service({ name: 'api', vip: '10.96.0.77', endpoints: [{ address: `${network}.3`, port: 9080 }] }),
    ])
    process.kill(victim, 'SIGKILL')
    await eventually('not ready', async () => (await fairway.readiness()).status === 503)
    await eventually('ready', async () => (await fairway.readiness()).status === 200)
    const clients = await Promise.all(Array.from({ length: 10 }, () => mesh.dial(fairway)))
    await eventually('the new address with each worker', async () => {
      const answers = await Promise.all(clients.map((client) => client.connect('10.96.0.77:80')))
      return answers.every(({ status }) => status === 200)
    })
  })

  it('without the primary the workers end', async () => {
    const pids = fairway.workers()
    fairway.kill('SIGKILL')
    await fairway.ended
    await eventually('the workers to end', () => pids.every((pid) => !isRunning(pid)))
  })
})
