import assert from 'node:assert/strict'
import test from 'node:test'
import type { ExchangeOptions } from 'fairway/filter/testing'
import { runFilter } from 'fairway/filter/testing'
import requestRedirect from './request-redirect.ts'

const redirect = async (
  config: unknown,
  exchange: ExchangeOptions & { readonly port?: number; readonly prefix?: string } = {},
) => {
  const { port = 80, prefix, ...options } = exchange
  const match = { route: 'HTTPRoute/shop/api', rule: '0', prefix }
  const request = { authority: 'api.shop', path: '/a/b', ...options, destination: { port }, match }
  const { kind, response } = await runFilter(requestRedirect, config, { exchange: request })
  return { kind, status: response.status, location: response.headers.get('location') }
}

// Scheme, port of the Service that was dialled, and what is configured (Gateway API, HTTPRequestRedirectFilter.port).
const ports: readonly (readonly [string, number, object, string])[] = [
  ['http', 8080, {}, 'http://api.shop:8080/a/b'],
  ['http', 80, {}, 'http://api.shop/a/b'],
  ['http', 8080, { scheme: 'https' }, 'https://api.shop/a/b'],
  ['http', 8080, { scheme: 'http' }, 'http://api.shop/a/b'],
  ['http', 8080, { port: 80 }, 'http://api.shop/a/b'],
  ['http', 80, { port: 8443 }, 'http://api.shop:8443/a/b'],
  ['http', 80, { scheme: 'https', port: 443 }, 'https://api.shop/a/b'],
  ['http', 80, { scheme: 'https', port: 80 }, 'https://api.shop:80/a/b'],
  ['http', 443, {}, 'http://api.shop:443/a/b'],
  ['https', 443, {}, 'https://api.shop/a/b'],
  ['https', 443, { port: 8443 }, 'https://api.shop:8443/a/b'],
  ['https', 443, { scheme: 'http' }, 'http://api.shop/a/b'],
  ['https', 443, { scheme: 'http', port: 8080 }, 'http://api.shop:8080/a/b'],
]
for (const [scheme, port, config, location] of ports) {
  test(`${scheme} on port ${port} with ${JSON.stringify(config)} goes to ${location}`, async () => {
    assert.deepEqual(await redirect(config, { scheme, port }), { kind: 'replied', status: 302, location })
  })
}

const hosts: readonly (readonly [string, object, string])[] = [
  ['api.shop:9999', {}, 'http://api.shop/a/b'],
  ['api.shop:9999', { hostname: 'other.example' }, 'http://other.example/a/b'],
  ['[fd00::1]:9999', {}, 'http://[fd00::1]/a/b'],
  ['', {}, 'http://api.shop.svc.cluster.local/a/b'],
]
for (const [authority, config, location] of hosts) {
  test(`authority ${JSON.stringify(authority)} with ${JSON.stringify(config)} goes to ${location}`, async () => {
    assert.equal((await redirect(config, { authority })).location, location)
  })
}

test('the query is kept', async () => {
  assert.equal((await redirect({}, { query: '?q=a%20b' })).location, 'http://api.shop/a/b?q=a%20b')
})

test('paths are replaced, whole or by prefix', async () => {
  const full = { path: { type: 'ReplaceFullPath', replaceFullPath: '/full' } }
  assert.equal((await redirect(full, { query: '?q' })).location, 'http://api.shop/full?q')
  const prefix = { hostname: 'other.example', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } }
  assert.equal((await redirect(prefix, { prefix: '/a' })).location, 'http://other.example/new/b')
  const whole = { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/replacement-prefix' } }
  const exchange = { path: '/path-and-host', prefix: '/path-and-host' }
  assert.equal((await redirect(whole, exchange)).location, 'http://api.shop/replacement-prefix')
})

test('ReplacePrefixMatch without a prefix match fails closed', async () => {
  const config = { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } }
  assert.deepEqual(await redirect(config), { kind: 'replied', status: 500, location: undefined })
})

for (const statusCode of [301, 302, 303, 307, 308]) {
  test(`status ${statusCode} is answered`, async () => {
    assert.equal((await redirect({ statusCode })).status, statusCode)
  })
}

for (const config of [
  { statusCode: 304 },
  { statusCode: '301' },
  { scheme: 'ftp' },
  { port: 0 },
  { port: 65536 },
  { hostname: '10.0.0.1' },
  { url: '/' },
]) {
  test(`${JSON.stringify(config)} is refused`, async () => {
    await assert.rejects(redirect(config), /bad configuration/)
  })
}
