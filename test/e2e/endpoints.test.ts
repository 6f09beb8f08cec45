import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'
import { workerCounts } from './support/fairway-process.ts'

const network = '127.71.44'
const VIP = '10.96.0.10:80'
const endpoints = [1, 2, 3].map((host) => ({ address: `${network}.${host}`, port: 9080 }))
const objects = [gateway, ...service({ name: 'api', vip: '10.96.0.10', endpoints })]

interface Row {
  readonly address: string
  readonly state: string
  readonly reason?: string
  readonly out?: number
}

let mesh: Mesh
before(async () => {
  mesh = await createMesh(objects)
  for (const pod of endpoints.slice(0, 2)) await mesh.startPod('api', pod)
})
after(() => mesh?.[Symbol.asyncDispose]())

for (const workers of workerCounts(2)) {
  describe(`with --workers ${workers}`, () => {
    it('an endpoint that is not there is put aside, which the admin API, /resolve and metrics tell', async () => {
      await using fairway = await mesh.startFairway(workers)
      const rows = async (): Promise<readonly Row[]> => {
        const { endpoints: shown } = (await fairway.admin('/endpoints')) as { readonly endpoints: readonly Row[] }
        return shown
      }
      assert.deepEqual(
        (await rows()).map(({ state }) => state),
        ['healthy', 'healthy', 'healthy'],
      )
      const client = await mesh.dial(fairway)
      for (let i = 0; i < 60; i++) assert.equal((await client.request(VIP)).status, 200)
      const [one, two, gone] = await rows()
      assert.deepEqual([one?.state, two?.state], ['healthy', 'healthy'])
      assert.match(gone?.state ?? '', /^(ejected|probation)$/)
      assert.match(gone?.reason ?? '', /ECONNREFUSED/)
      assert.equal(gone?.out, 1)
      const { reasons } = (await fairway.admin(`/resolve?authority=${VIP}`)) as { readonly reasons: readonly string[] }
      // Only one worker is asked, and it may not be the one that knows.
      if (workers === 1)
        assert.match(reasons.join('\n'), /endpoint 127\.71\.44\.3:9080 of shop\/api:80 is (ejected|on)/)
      assert.ok((await fairway.metric('fairway_endpoint_ejections_total', { reason: 'local_origin' })) > 0)
      const samples = (await fairway.metrics()).filter(({ name }) => name === 'fairway_endpoints_unhealthy')
      const out = samples.filter(({ labels }) => labels['state'] !== 'slowed')
      assert.equal(
        out.reduce((sum, { value }) => sum + value, 0),
        1,
      )
      await using pod = await mesh.startPod('api', endpoints[2] ?? assert.fail())
      assert.ok(pod)
      await eventually('it to be back', async () => {
        assert.equal((await client.request(VIP)).status, 200)
        return (await rows()).every(({ state }) => state === 'healthy')
      })
    })
  })
}
