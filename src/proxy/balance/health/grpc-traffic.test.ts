import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { GrpcMesh } from '../../../../test/support/mesh/grpc-mesh.ts'
import { defaultOutlierDetection } from '../../../model/backend/backend-defaults.ts'

let mesh: GrpcMesh
let calls: () => readonly number[]

beforeEach(async () => {
  mesh = await GrpcMesh.start()
  const other = await mesh.startOther()
  mesh.put(mesh.serverPort, other.port)
  calls = () => [mesh.log.metadata.length, other.log.metadata.length]
})
afterEach(() => mesh.close())

const call = async (message: string, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await mesh.call(message)
}

test('a call that is pushed back lowers the share of who said so, and a failure alone does not', async () => {
  await call('fail 14', 4)
  assert.deepEqual(mesh.mesh.plane.readHealth(), [])
  await call('fail 14 60000', 1)
  const readings = mesh.mesh.plane.readHealth()
  assert.deepEqual(
    readings.map(({ state, share }) => [state, share]),
    [['healthy', 0.1]],
  )
  const [first = 0, second = 0] = calls()
  await call('hello', 40)
  const [one = 0, two = 0] = calls()
  assert.ok(Math.min(one - first, two - second) <= 14, `${one - first} and ${two - second}`)
})

test('a call that was answered, or refused for ever, asks for no rest', async () => {
  await call('hello 0 5000', 4)
  await call('fail 14 -1', 2)
  assert.deepEqual(mesh.mesh.plane.readHealth(), [])
})

test('calls that fail eject where a policy says so', async () => {
  const { mesh: inner } = mesh
  const model = inner.model({ endpoints: [...(inner.plane.snapshot?.groups.values() ?? [])] })
  const outlierDetection = { ...defaultOutlierDetection, consecutive5xxErrors: 3 }
  const policy = { source: 'BackendPolicy shop/api', outlierDetection }
  inner.apply({ ...model, endpoints: model.endpoints.map((set) => ({ ...set, policy })) })
  await call('fail 5', 10)
  assert.deepEqual(inner.plane.readHealth(), [])
  await call('fail 14', 6)
  const ejected = inner.plane.readHealth().filter(({ state }) => state === 'ejected')
  assert.equal(ejected.length, 1)
  assert.match(ejected[0]?.reason ?? '', /3 errors in a row: answered with grpc-status 14/)
})
