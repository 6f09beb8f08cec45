import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { ExchangeOptions } from 'fairway/filter/testing'
import { runFilter } from 'fairway/filter/testing'
import apiKey from './api-key.ts'

const hashOf = (key: string): string => `{SHA256}${hash('sha256', key, 'base64')}`
const credentials = [
  { client: 'ann', hash: hashOf('key-of-ann') },
  { client: 'ben', hash: hashOf('key-of-ben') },
]
const from = [
  { type: 'Header', name: 'X-API-Key' },
  { type: 'Header', name: 'authorization' },
  { type: 'Query', name: 'api_key' },
  { type: 'Cookie', name: 'key' },
]
const config = { credentials, from, clientHeader: 'X-Client' }

describe('ApiKey', () => {
  it('leaves other cookies as they are', async () => {
    const cookie = 'prefs={"a":1,"b":2}; key=key-of-ann; d=Thu, 01 Jan'
    const { kind, request } = await runFilter(apiKey, config, { exchange: { headers: [['cookie', cookie]] } })
    assert.deepEqual([kind, request.headers.get('cookie')], ['forwarded', 'prefs={"a":1,"b":2}; d=Thu, 01 Jan'])
  })

  for (const [exchange, client] of [
    [{ headers: [['x-api-key', 'key-of-ann']] }, 'ann'],
    [{ headers: [['authorization', 'Bearer key-of-ben']] }, 'ben'],
    [{ query: '?a=1&api_key=key-of-ben&b' }, 'ben'],
    [{ query: '?api%5Fkey=key-of-ben' }, 'ben'],
    [{ headers: [['cookie', 'a=b; key=key-of-ann']] }, 'ann'],
    [{ headers: [['cookie', 'a=b;\tkey = "key-of-ann" ;c=d']] }, 'ann'],
    [
      {
        headers: [
          ['cookie', 'a=b'],
          ['cookie', 'key=key-of-ann; c=d'],
        ],
      },
      'ann',
    ],
  ] as const satisfies readonly (readonly [ExchangeOptions, string])[]) {
    it(`knows ${client} by ${JSON.stringify(exchange)}, and keeps the key from the Service`, async () => {
      const mine = 'headers' in exchange ? exchange.headers : []
      const { kind, request } = await runFilter(apiKey, config, {
        exchange: { ...exchange, headers: [...mine, ['x-client', 'root'], ['x_client', 'root']] },
      })
      assert.ok(request.headers.hasCredentials && !request.headers.has('x_client'))
      assert.deepEqual([kind, request.headers.get('x-client')], ['forwarded', client])
      assert.ok(!JSON.stringify([...request.headers, request.query]).includes('key-of'))
      const kept = await runFilter(apiKey, { ...config, forwardKey: true }, { exchange })
      assert.ok(JSON.stringify([...kept.request.headers, kept.request.query]).includes('key-of'))
    })
  }

  for (const [exchange, reason] of [
    [{}, 'missing_api_key'],
    [{ headers: [['x-api-key', '']] }, 'missing_api_key'],
    [{ query: '?api_key=' }, 'missing_api_key'],
    [{ headers: [['x-api-key', 'key-of-anna']] }, 'unknown_api_key'],
    [{ headers: [['x-api-key', hashOf('key-of-ann')]] }, 'unknown_api_key'],
    [
      {
        headers: [
          ['x-api-key', 'key-of-ann'],
          ['x-api-key', 'key-of-ben'],
        ],
      },
      'unknown_api_key',
    ],
    [{ headers: [['x-api-key', 'wrong']], query: '?api_key=key-of-ann' }, 'unknown_api_key'],
    [{ headers: [['x-api-key', 'x'.repeat(5000)]] }, 'unknown_api_key'],
  ] as const satisfies readonly (readonly [ExchangeOptions, string])[]) {
    it(`refuses ${JSON.stringify(exchange).slice(0, 90)}`, async () => {
      const { reply } = await runFilter(apiKey, config, { exchange })
      assert.deepEqual([reply?.status, reply?.reason], [401, reason])
    })
  }

  it('leaves the rest of query and cookies as it was', async () => {
    const exchange = { query: '?a=%20&api_key=key-of-ann&b=+', headers: [['cookie', 'a=b; key=x; c=d']] } as const
    const { request } = await runFilter(apiKey, config, { exchange })
    assert.deepEqual([request.query, request.headers.get('cookie')], ['?a=%20&b=+', 'a=b; c=d'])
  })

  for (const wrong of [
    {},
    { credentials: [] },
    { credentials: [{ client: 'a', hash: 'key-of-ann' }] },
    { credentials: [{ client: 'a', hash: '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=' }] },
    { credentials: [{ client: 'a b', hash: hashOf('a') }] },
    { credentials, from: [] },
  ]) {
    it(`refuses ${JSON.stringify(wrong)}, and shows no secret`, () => {
      const decoded = apiKey.config.decode(wrong, 'spec')
      assert.ok(!decoded.ok)
      assert.ok(!JSON.stringify(decoded.issues).includes('key-of'))
    })
  }
})
