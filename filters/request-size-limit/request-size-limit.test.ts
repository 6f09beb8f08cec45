import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExchangeOptions } from 'fairway/filter/testing'
import { runFilter } from 'fairway/filter/testing'
import requestSizeLimit from './request-size-limit.ts'

const limits = { maxBodyBytes: 10, maxHeaderBytes: 30, maxTargetBytes: 12 }
const length = (bytes: number) => [['content-length', String(bytes)]] as const

describe('RequestSizeLimit', () => {
  for (const [what, exchange, status] of [
    ['a request without a body', {}, 200],
    ['a body of the limit', { body: '0123456789', headers: length(10) }, 200],
    ['a length beyond the limit, before the body comes', { body: '', headers: length(11) }, 413],
    ['a body of the limit without a length', { body: ['01234', '56789'] }, 200],
    ['a body beyond the limit without a length', { body: ['01234', '56789', '0', '1'] }, 413],
    ['a piece beyond the limit', { body: '01234567890' }, 413],
    ['a target of the limit', { path: '/234567', query: '?9012' }, 200],
    ['a target beyond the limit', { path: '/234567', query: '?90123' }, 414],
    ['fields of the limit', { headers: [['x-long', '7'.repeat(24)]] }, 200],
    ['a field beyond the limit', { headers: [['x-long', '7'.repeat(25)]] }, 431],
    ['many fields beyond the limit', { headers: Array.from({ length: 8 }, () => ['ab', 'cd'] as const) }, 431],
  ] as const satisfies readonly (readonly [string, ExchangeOptions, number])[]) {
    it(`answers ${what} with ${status}`, async () => {
      const outcome = await runFilter(requestSizeLimit, limits, { exchange: { method: 'POST', ...exchange } })
      assert.equal(outcome.response.status, status)
      if (status === 200) assert.equal(outcome.requestBody.length, 'body' in exchange ? 10 : 0)
      else assert.equal(outcome.reply?.grpcStatus, 8)
    })
  }

  it('looks at what it has a limit for, and nothing else', async () => {
    const exchange = { path: '/'.repeat(100), headers: length(100), body: 'x'.repeat(100) }
    assert.equal((await runFilter(requestSizeLimit, { maxHeaderBytes: 1000 }, { exchange })).kind, 'forwarded')
    assert.equal(
      (await runFilter(requestSizeLimit, { maxBodyBytes: 0 }, { exchange: { body: 'x' } })).response.status,
      413,
    )
  })

  for (const config of [{}, { maxBodyBytes: -1 }, { maxBodyBytes: 1.5 }, { maxBodyBytes: '1Mi' }]) {
    it(`refuses ${JSON.stringify(config)}`, () => assert.ok(!requestSizeLimit.config.decode(config, 'spec').ok))
  }
})
