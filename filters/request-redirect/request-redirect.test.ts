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

type Scheme = 'http' | 'https' | undefined

// Gateway API, HTTPRequestRedirectFilter.port: scheme of the request and port of the Service that was dialled, the
// scheme that is configured, and what comes of the ports that may be configured beside it.
const ports: readonly (readonly [
  asked: string,
  dialled: number,
  scheme: Scheme,
  none: string,
  with80: string,
  with443: string,
  with8080: string,
])[] = [
  ['http', 80, undefined, 'http://H', 'http://H', 'http://H:443', 'http://H:8080'],
  ['http', 80, 'http', 'http://H', 'http://H', 'http://H:443', 'http://H:8080'],
  ['http', 80, 'https', 'https://H', 'https://H:80', 'https://H', 'https://H:8080'],
  ['http', 443, undefined, 'http://H:443', 'http://H', 'http://H:443', 'http://H:8080'],
  ['http', 443, 'http', 'http://H', 'http://H', 'http://H:443', 'http://H:8080'],
  ['http', 443, 'https', 'https://H', 'https://H:80', 'https://H', 'https://H:8080'],
  ['http', 8080, undefined, 'http://H:8080', 'http://H', 'http://H:443', 'http://H:8080'],
  ['http', 8080, 'http', 'http://H', 'http://H', 'http://H:443', 'http://H:8080'],
  ['http', 8080, 'https', 'https://H', 'https://H:80', 'https://H', 'https://H:8080'],
  ['https', 80, undefined, 'https://H:9999', 'https://H:80', 'https://H', 'https://H:8080'],
  ['https', 443, undefined, 'https://H:9999', 'https://H:80', 'https://H', 'https://H:8080'],
  ['https', 443, 'http', 'http://H', 'http://H', 'http://H:443', 'http://H:8080'],
  ['https', 443, 'https', 'https://H', 'https://H:80', 'https://H', 'https://H:8080'],
  ['https', 8443, undefined, 'https://H:9999', 'https://H:80', 'https://H', 'https://H:8080'],
  ['https', 8443, 'http', 'http://H', 'http://H', 'http://H:443', 'http://H:8080'],
]
for (const [asked, dialled, scheme, none, with80, with443, with8080] of ports) {
  const wanted = [
    [undefined, none],
    [80, with80],
    [443, with443],
    [8080, with8080],
  ] as const
  for (const [port, url] of wanted) {
    for (const hostname of [undefined, 'other.example']) {
      const config = { ...(scheme && { scheme }), ...(port && { port }), ...(hostname && { hostname }) }
      // The port in Host is what the client believes, and changes nothing but where TLS ended before us (0063).
      const exchange = { scheme: asked, port: dialled, authority: 'api.shop:9999' }
      const location = `${url.replace('H', hostname ?? 'api.shop')}/a/b`
      test(`${asked} on port ${dialled} with ${JSON.stringify(config)} goes to ${location}`, async () => {
        assert.deepEqual(await redirect(config, exchange), { kind: 'replied', status: 302, location })
      })
    }
  }
}

// The client's port is one of somebody before us, who ended its TLS.
const behindTls: readonly (readonly [authority: string, dialled: number, location: string])[] = [
  ['api.shop', 80, 'https://api.shop/a/b'],
  ['api.shop', 8080, 'https://api.shop/a/b'],
  ['api.shop:443', 80, 'https://api.shop/a/b'],
  ['api.shop:8443', 80, 'https://api.shop:8443/a/b'],
  ['api.shop:', 80, 'https://api.shop/a/b'],
  ['api.shop:0', 80, 'https://api.shop/a/b'],
  ['[fd00::1]', 80, 'https://[fd00::1]/a/b'],
  ['[fd00::1]:8443', 80, 'https://[fd00::1]:8443/a/b'],
]
for (const [authority, port, location] of behindTls) {
  test(`who asked https://${authority} of an ingress is led to ${location} by a Service of port ${port}`, async () => {
    assert.equal((await redirect({}, { scheme: 'https', authority, port })).location, location)
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

const targets: readonly (readonly [path: string, query: string, location: string])[] = [
  ['/', '', 'http://api.shop/'],
  ['/a//b/', '', 'http://api.shop/a//b/'],
  ['//evil.example/x', '', 'http://api.shop//evil.example/x'],
  ['/a%2Fb', '?', 'http://api.shop/a%2Fb?'],
  ['*', '', 'http://api.shop'],
]
for (const [path, query, location] of targets) {
  test(`${path}${query} stays as it is in ${location}`, async () => {
    assert.equal((await redirect({}, { path, query })).location, location)
  })
}

test('of OPTIONS * a path that replaces all is left', async () => {
  const config = { path: { type: 'ReplaceFullPath', replaceFullPath: '/full' } }
  assert.equal((await redirect(config, { method: 'OPTIONS', path: '*' })).location, 'http://api.shop/full')
})

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
