import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { identityOf, Mesh, until } from '../../test/support/mesh/mesh.ts'
import type { BoundPod } from '../model/endpoint.ts'
import type { Model } from '../model/model.ts'

let mesh: Mesh
afterEach(() => mesh.close())

/** A waypoint for Pods, whose Service `shop/api` answers nobody, with one Pod bound; parts of the model replaced. */
const start = async (parts: Partial<Model> = {}): Promise<string> => {
  mesh = await Mesh.start({
    pods: [
      {
        onRequest: (tunnel, { head }) =>
          tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${head.target.length}\r\n\r\n${head.target}`),
      },
    ],
    rule: { closed: { status: 500, reason: 'the Service’s route is not about Pods' } },
  })
  mesh.apply(model(parts))
  return mesh.pod.options.address
}

const model = (parts: Partial<Model> = {}): Model => mesh.model({ trafficType: 'all', pods: [bound()], ...parts })

const bound = (parts: Partial<BoundPod> = {}): BoundPod => ({
  key: 'shop/api-1',
  addresses: [mesh.pod.options.address],
  transport: 'hbone',
  identity: identityOf('api'),
  workload: { uid: 'api-1', name: 'api', namespace: 'shop' },
  ...parts,
})

test('a Pod is reached at its own address, at whatever port, without the routes of Services', async () => {
  const address = await start()
  for (const [index, port] of [8080, 9090].entries()) {
    const tunnel = await mesh.tunnel(`${address}:${port}`)
    const answer = await tunnel.get(`/${port}`)
    assert.deepEqual([answer.head.status, answer.body.toString()], [200, `/${port}`])
    assert.equal(mesh.pod.tunnels[index]?.authority, `${address}:${port}`)
    const record = await mesh.record(index + 1)
    assert.deepEqual(record.destination, { namespace: 'shop', name: 'unknown', hostname: 'unknown', port })
    assert.equal(record.endpoint?.workload.name, 'api')
    assert.equal(record.route, undefined)
  }
})

test('a Pod that is closed answers 503, and one that is gone nothing more', async () => {
  const address = await start()
  const tunnel = await mesh.tunnel(`${address}:8080`)
  assert.equal((await tunnel.get('/')).head.status, 200)
  mesh.apply(model({ pods: [bound({ closed: 'a policy' })] }))
  assert.equal((await tunnel.get('/')).head.status, 503)
  mesh.apply(model({ pods: [] }))
  assert.equal((await tunnel.get('/')).head.status, 404)
  await assert.rejects(mesh.tunnel(`${address}:8080`), /404/)
})

test('another Pod at the address is not taken for the one before', async () => {
  const address = await start()
  const tunnel = await mesh.tunnel(`${address}:8080`)
  assert.equal((await tunnel.get('/')).head.status, 200)
  const workload = { uid: 'other', name: 'other', namespace: 'shop' }
  mesh.apply(model({ pods: [bound({ key: 'shop/other', identity: identityOf('other'), workload })] }))
  // The one that answers there cannot prove to be it.
  assert.equal((await tunnel.get('/')).head.status, 503)
})

test('a waypoint for Services refuses the address of a Pod', async () => {
  const address = await start({ trafficType: 'service' })
  await assert.rejects(mesh.tunnel(`${address}:8080`), /404/)
  await until(() => mesh.counters.connectRefused.unboundAuthority === 1)
})
