import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runFilter } from 'fairway/filter/testing'
import directResponse from './direct-response.ts'

describe('DirectResponse', () => {
  for (const [config, status, body, headers] of [
    [{}, 200, '', {}],
    [{ body: 'ok\n' }, 200, 'ok\n', { 'content-type': 'text/plain' }],
    [{ status: 204 }, 204, '', {}],
    [
      { status: 503, contentType: 'application/json', body: '{}', headers: [{ name: 'Retry-After', value: '60' }] },
      503,
      '{}',
      { 'content-type': 'application/json', 'retry-after': '60' },
    ],
  ] as const) {
    it(`answers as ${JSON.stringify(config)} says, to each request`, async () => {
      for (const method of ['GET', 'POST']) {
        const outcome = await runFilter(directResponse, config, { exchange: { method } })
        assert.deepEqual(
          [outcome.kind, outcome.response.status, String(outcome.responseBody)],
          ['replied', status, body],
        )
        assert.deepEqual(Object.fromEntries(outcome.response.headers), headers)
        assert.equal(outcome.reply?.reason, 'direct_response')
      }
    })
  }

  it('tells gRPC clients what it is told to', async () => {
    const { reply } = await runFilter(directResponse, { status: 503, grpcStatus: 8 })
    assert.equal(reply?.grpcStatus, 8)
  })

  for (const [config, path] of [
    [{ status: 199 }, 'spec.status'],
    [{ status: 600 }, 'spec.status'],
    [{ status: 204, body: 'x' }, 'spec.body'],
    [{ grpcStatus: 3 }, 'spec.grpcStatus'],
    [{ contentType: 'a\nb' }, 'spec.contentType'],
    [{ headers: [{ name: 'content-length', value: '3' }] }, 'spec.headers[0].name'],
    [{ headers: [{ name: 'Content-Type', value: 'a/b' }] }, 'spec.headers'],
  ] as const) {
    it(`refuses ${JSON.stringify(config)}`, () => {
      const decoded = directResponse.config.decode(config, 'spec')
      assert.ok(!decoded.ok)
      assert.equal(decoded.issues[0]?.path, path)
    })
  }
})
