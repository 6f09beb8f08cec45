import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { createSelfCheck } from './self.ts'

test('a listener on one address is that address and port alone, however it is written', () => {
  const isSelf = createSelfCheck('0:0:0:0:0:0:0:1', () => 15_008)
  assert.equal(isSelf('::1', 15_008), true)
  assert.equal(isSelf('::1', 8080), false)
  assert.equal(isSelf('10.0.0.1', 15_008), false)
})

for (const host of ['0.0.0.0', '::']) {
  test(`a listener on ${host} is every address of the machine`, () => {
    let port = 0
    const isSelf = createSelfCheck(host, () => port)
    assert.equal(isSelf('127.0.0.1', 15_008), false)
    port = 15_008
    for (const { address, family } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
      assert.equal(isSelf(address, 15_008), true)
      if (family === 'IPv4') assert.equal(isSelf(`::ffff:${address}`, 15_008), true)
    }
    assert.equal(isSelf('127.3.2.1', 15_008), true)
    assert.equal(isSelf('203.0.113.7', 15_008), false)
  })
}
