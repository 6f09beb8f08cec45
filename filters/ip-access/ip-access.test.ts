import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createExchange, createFakeEnv, runFilter, runTunnel } from 'fairway/filter/testing'
import ipAccess from './ip-access.ts'

describe('IpAccess', () => {
  const lists = { allow: ['10.0.0.0/8', 'fd00::/8', '192.0.2.7'], deny: ['10.9.0.0/16', 'fd00:bad::/32'] }
  for (const [address, isAllowed] of [
    ['10.1.2.3', true],
    ['10.9.0.1', false],
    ['11.0.0.1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['::ffff:10.1.2.3', true],
    ['::ffff:10.9.2.3', false],
    ['fd00::1', true],
    ['fd00:bad::1', false],
    ['fe80::1', false],
    ['nobody', false],
    ['', false],
  ] as const) {
    it(`${isAllowed ? 'lets' : 'does not let'} ${address} call`, async () => {
      const run = { exchange: { source: { address } } }
      const { reply } = await runFilter(ipAccess, lists, run)
      assert.deepEqual([reply?.status, reply?.reason], isAllowed ? [undefined, undefined] : [403, 'ip_not_allowed'])
      const { source } = createExchange(run.exchange)
      assert.equal((await runTunnel(ipAccess, lists, { tunnel: { source } })).kind, isAllowed ? 'carried' : 'refused')
    })
  }

  it('lets all others call where only deny is there', async () => {
    const config = { deny: ['10.0.0.0/8'] }
    for (const [address, kind] of [
      ['10.0.0.1', 'replied'],
      ['192.0.2.1', 'forwarded'],
    ] as const) {
      assert.equal((await runFilter(ipAccess, config, { exchange: { source: { address } } })).kind, kind)
    }
  })

  for (const [hops, forwarded, isAllowed] of [
    [1, '10.0.0.1', true],
    [1, '192.0.2.1, 10.0.0.1', true],
    [1, '10.0.0.1, 192.0.2.1', false],
    [2, '10.0.0.1, 192.0.2.1', true],
    [2, '10.0.0.1,192.0.2.1,192.0.2.2', false],
    [3, '10.0.0.1 , 192.0.2.1 , 192.0.2.2', true],
    [2, '10.0.0.1', false],
    [1, undefined, false],
    [1, '10.0.0.1,', false],
    [2, ',10.0.0.1', false],
    [1, '1'.repeat(5000), false],
  ] as const) {
    it(`with ${hops} trusted hops ${isAllowed ? 'allows' : 'refuses'} ${String(forwarded).slice(0, 40)}`, () => {
      const decoded = ipAccess.config.decode({ allow: ['10.0.0.0/8'], trustedHops: hops }, 'spec')
      assert.ok(decoded.ok)
      const filter = ipAccess.create(decoded.value, createFakeEnv())
      const headers = forwarded === undefined ? [] : [['x-forwarded-for', forwarded] as const]
      // The second time from memory.
      for (let i = 0; i < 2; i++) {
        const exchange = createExchange({ headers, source: { address: isAllowed ? '192.0.2.99' : '10.0.0.1' } })
        assert.equal(filter.onRequest?.(exchange) === undefined, isAllowed)
      }
    })
  }

  it('refuses connections where the client stands in a header only', async () => {
    assert.equal((await runTunnel(ipAccess, { deny: ['10.0.0.0/8'], trustedHops: 1 })).kind, 'refused')
  })

  for (const config of [
    {},
    { allow: ['10.0.0.0/33'] },
    { deny: ['fd00::1%eth0'] },
    { allow: ['a'] },
    { trustedHops: 1 },
  ]) {
    it(`refuses ${JSON.stringify(config)}`, () => assert.ok(!ipAccess.config.decode(config, 'spec').ok))
  }
})
