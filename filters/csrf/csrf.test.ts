import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runFilter } from 'fairway/filter/testing'
import csrf from './csrf.ts'

const config = { additionalOrigins: ['https://pay.example', 'https://*.shop.example'] }
const origin = (value: string) => [['origin', value]] as const
const referer = (value: string) => [['referer', value]] as const

describe('Csrf', () => {
  for (const [headers, isAllowed, authority] of [
    [origin('https://api.shop'), true],
    [origin('http://api.shop'), true],
    [origin('https://api.shop'), true, 'API.shop'],
    [origin('https://api.shop'), true, 'api.shop:443'],
    [origin('https://api.shop:443'), true],
    [origin('https://api.shop:8443'), false],
    [origin('https://api.shop:8443'), true, 'api.shop:8443'],
    [origin('http://api.shop'), false, 'api.shop:443'],
    [origin('https://api.shop.evil.example'), false],
    [origin('https://evilapi.shop'), false],
    [origin('https://api.shop, https://evil.example'), false],
    [[...origin('https://api.shop'), ...origin('https://evil.example')], false],
    [origin('https://pay.example'), true],
    [origin('http://pay.example'), false],
    [origin('https://a.shop.example'), true],
    [origin('null'), false],
    [origin(''), false],
    [origin('data:text/html'), false],
    [origin('https://'), false, ''],
    [referer('https://api.shop/cart?x'), true],
    [referer('https://evil.example/https://api.shop'), false],
    [referer('https://api.shop@evil.example/'), false],
    [referer('nonsense'), false],
    [[...origin('null'), ...referer('https://pay.example/form')], true],
    [[...origin('https://evil.example'), ...referer('https://api.shop/')], false],
    [[], false],
  ] as const) {
    it(`${isAllowed ? 'allows' : 'refuses'} ${JSON.stringify(headers)} at ${authority ?? 'api.shop'}`, async () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'CUSTOM']) {
        const exchange = { method, headers, authority: authority ?? 'api.shop' }
        const { reply } = await runFilter(csrf, config, { exchange })
        assert.deepEqual(
          [reply?.status, reply?.reason],
          isAllowed ? [undefined, undefined] : [403, 'csrf_origin_mismatch'],
        )
      }
    })
  }

  it('lets pass what changes nothing', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE']) {
      const exchange = { method, headers: origin('https://evil.example') }
      assert.equal((await runFilter(csrf, {}, { exchange })).kind, 'forwarded')
    }
  })

  it('lets pass what has no origin where that is said, and no hidden one', async () => {
    for (const [headers, kind] of [
      [[], 'forwarded'],
      [origin('null'), 'replied'],
      [referer('nonsense'), 'replied'],
    ] as const) {
      const outcome = await runFilter(csrf, { missingOrigin: 'Allow' }, { exchange: { method: 'POST', headers } })
      assert.equal(outcome.kind, kind)
    }
  })

  for (const wrong of [{ additionalOrigins: ['shop.example'] }, { missingOrigin: 'Maybe' }]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => assert.ok(!csrf.config.decode(wrong, 'spec').ok))
  }
})
