import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Mesh } from '../../test/support/mesh/mesh.ts'

let mesh: Mesh | undefined
afterEach(async () => {
  await mesh?.close()
  mesh = undefined
})

/** Of the exchange that is over, once telemetry has had its record. */
const forgetRecord = async (of: Mesh): Promise<WeakRef<object>> => {
  const ref = new WeakRef(await of.record(1))
  of.records.length = 0
  return ref
}

test('a tunnel that rests keeps nothing of its last request', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  mesh = await Mesh.start()
  const tunnel = await mesh.tunnel()
  tunnel.write('GET /a HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  assert.equal((await tunnel.answer()).head.status, 200)
  const record = await forgetRecord(mesh)
  // A reference that was read is held until the end of the turn.
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
  collect()
  assert.equal(record.deref(), undefined)
})
