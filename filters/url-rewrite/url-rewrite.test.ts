import assert from 'node:assert/strict'
import test from 'node:test'
import { runFilter } from 'fairway/filter/testing'
import urlRewrite from './url-rewrite.ts'

const rewrite = async (config: unknown, prefix?: string) => {
  const match = { route: 'HTTPRoute/shop/api', rule: '0', prefix }
  const exchange = { authority: 'api.shop:8080', path: '/old/x', query: '?q=1', match }
  return runFilter(urlRewrite, config, { exchange })
}

const toPath = (path: unknown): unknown => ({ path })

test('a host name replaces the authority', async () => {
  const { request } = await rewrite({ hostname: 'other.example' })
  assert.deepEqual([request.authority, request.path, request.query], ['other.example', '/old/x', '?q=1'])
})

test('a full path replaces the path and keeps the query', async () => {
  const { request } = await rewrite(toPath({ type: 'ReplaceFullPath', replaceFullPath: '/new' }))
  assert.deepEqual([request.authority, request.path, request.query], ['api.shop:8080', '/new', '?q=1'])
})

test('a prefix is replaced by the one that matched', async () => {
  const config = { hostname: 'v2.shop', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' } }
  const { request } = await rewrite(config, '/old')
  assert.deepEqual([request.authority, request.path, request.query], ['v2.shop', '/new/x', '?q=1'])
})

test('ReplacePrefixMatch without a prefix match fails closed', async () => {
  const outcome = await rewrite(toPath({ type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' }))
  assert.deepEqual(
    [outcome.kind, outcome.response.status, outcome.reply?.reason],
    ['replied', 500, 'rewrite_without_prefix'],
  )
})

for (const config of [{ hostname: '*.example' }, { hostname: 'a b' }, { path: {} }, { port: 80 }]) {
  test(`${JSON.stringify(config)} is refused`, async () => {
    await assert.rejects(rewrite(config), /bad configuration/)
  })
}
