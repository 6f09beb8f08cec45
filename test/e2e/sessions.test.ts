import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import type { HboneClient } from './support/hbone-client.ts'
import type { RunningFairway } from './support/fairway-process.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { backend, backendPolicy, gateway, httpRoute, service } from './support/objects.ts'
import { workerCounts } from './support/fairway-process.ts'

const network = '127.71.45'
const VIP = '10.96.0.10:80'
const pods = [1, 2, 3, 4].map((host) => ({ address: `${network}.${host}`, port: 9080 }))
const [one, two, three, canary] = pods
assert.ok(one && two && three && canary)

const rule = (weight: number): object => ({
  name: 'all',
  sessionPersistence: { sessionName: 'cart', absoluteTimeout: '1h', cookieConfig: { lifetimeType: 'Permanent' } },
  backendRefs: [backend('api', { weight: 1 }), backend('canary', { weight })],
})
const objectsOf = (weight: number, endpoints = [one, two, three], limits?: object): readonly object[] => [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints }),
  ...service({ name: 'canary', vip: '10.96.0.11', endpoints: [canary] }),
  httpRoute('api', [rule(weight)]),
  ...(limits === undefined ? [] : [backendPolicy('canary', { limits })]),
]

/** Those who answer only when they are told to. */
const held: ServerResponse[] = []
let mesh: Mesh
before(async () => {
  mesh = await createMesh(objectsOf(1))
  for (const pod of pods) {
    const answer = ({ url }: IncomingMessage, response: ServerResponse): void => {
      if (url === '/held') held.push(response)
      else response.end(pod.address)
    }
    await mesh.startPod(pod === canary ? 'canary' : 'api', { ...pod, answer })
  }
})
after(() => mesh?.[Symbol.asyncDispose]())

/** So many that each worker has some. */
const dialSeveral = (fairway: RunningFairway): Promise<readonly HboneClient[]> =>
  Promise.all(Array.from({ length: 8 }, () => mesh.dial(fairway)))

const begin = async (client: HboneClient): Promise<{ readonly pod: string; readonly cookie: string }> => {
  const { status, headers, body } = await client.request(VIP)
  const [given = ''] = headers['set-cookie'] ?? []
  assert.equal(status, 200)
  assert.match(given, /^cart=[\w.-]+; Path=\/; Max-Age=3600; HttpOnly$/)
  return { pod: body, cookie: given.split(';')[0] ?? '' }
}

const goOn = async (
  clients: readonly HboneClient[],
  { pod, cookie }: Awaited<ReturnType<typeof begin>>,
): Promise<void> => {
  for (const client of clients) {
    const { body, headers } = await client.request(VIP, { headers: { cookie } })
    assert.deepEqual([body, headers['set-cookie']], [pod, undefined])
  }
}

for (const workers of workerCounts(2)) {
  describe(`with --workers ${workers}`, () => {
    it('a session is the same to every worker, to a process that is started later, and after weights and pods change', async () => {
      mesh.write(objectsOf(1))
      const fairway = await mesh.startFairway(workers)
      const clients = await dialSeveral(fairway)
      const sessions = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((i) => begin(clients[i] ?? assert.fail())))
      for (const session of sessions) await goOn(clients, session)
      const atCanary = sessions.find(({ pod }) => pod === canary.address)
      assert.ok(atCanary)
      // The last one: those behind it would be other pods.
      mesh.write(objectsOf(0, [one, two]))
      await eventually('the change', async () => {
        const { body } = await (clients[0] ?? assert.fail()).request(VIP)
        return (
          body !== canary.address && body !== three.address && (await fairway.metric('fairway_config_generation')) > 1
        )
      })
      const stay = sessions.filter(({ pod }) => pod !== three.address)
      for (const session of [...stay, atCanary]) await goOn(clients, session)
      await fairway[Symbol.asyncDispose]()
      await using other = await mesh.startFairway(workers)
      for (const session of [...stay, atCanary]) await goOn(await dialSeveral(other), session)
      for (const { pod, cookie } of sessions.filter((session) => session.pod === three.address)) {
        const { body, headers } = await (await mesh.dial(other)).request(VIP, { headers: { cookie } })
        assert.ok(body !== pod && headers['set-cookie'] !== undefined)
      }
    })
  })
}

it('what a limit refuses is not sent elsewhere, session or not; metrics and the admin API tell', async () => {
  mesh.write(objectsOf(1, [one], { maxRequests: 1 }))
  await using fairway = await mesh.startFairway(1)
  const client = await mesh.dial(fairway)
  const session = await eventually('a session at the canary', async () => {
    const begun = await begin(client)
    return begun.pod === canary.address ? begun : undefined
  })
  const { cookie } = session
  const waiting = client.request(VIP, { path: '/held', headers: { cookie } })
  await eventually('the request to be held', () => held.length === 1)
  const { status } = await client.request(VIP, { headers: { cookie } })
  assert.equal(status, 503)
  assert.equal(await fairway.metric('fairway_upstream_overflow_total', { limit: 'requests' }), 1)
  const { limits } = (await fairway.admin('/limits')) as { readonly limits: readonly object[] }
  assert.partialDeepStrictEqual(limits, [
    { service: 'shop/canary:80', policy: 'BackendPolicy shop/canary', limits: { maxRequests: 1 }, requests: [1] },
  ])
  held.pop()?.end(canary.address)
  assert.equal((await waiting).body, canary.address)
  await goOn([client], session)
  assert.ok((await fairway.metric('fairway_sessions_total', { state: 'kept' })) >= 2)
})
