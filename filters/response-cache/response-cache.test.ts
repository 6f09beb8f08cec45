import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCacheBed, type Step } from '../../test/support/filters/cache-bed.ts'
import type { StagedFilter } from '../../src/filter/chain.ts'
import { createFakeSiblings } from '../../src/filter/testing.ts'
import responseCache from './response-cache.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const from = (namespace: string, account: string): Pick<Step, 'exchange'> => ({
  exchange: {
    source: { principal: `spiffe://cluster.local/ns/${namespace}/sa/${account}` as never, namespace },
  },
})

describe('what one client has brought', () => {
  const cases: readonly (readonly [sharing: string, same: string, neighbour: string, stranger: string])[] = [
    ['Identity', 'hit v1', 'miss v2', 'miss v3'],
    ['Namespace', 'hit v1', 'hit v1', 'miss v2'],
    ['Everyone', 'hit v1', 'hit v1', 'hit v1'],
  ]
  for (const [sharing, same, neighbour, stranger] of cases) {
    it(`is for ${sharing}`, async () => {
      const { run } = createCacheBed(sharing === 'Identity' ? {} : { sharing })
      const ask = async (step: Pick<Step, 'exchange'>): Promise<string> => {
        const { by, body } = await run({ ask: 'GET /', says: FRESH, ...step })
        return `${by} ${body}`
      }
      assert.equal(await ask(from('web', 'a')), 'miss v1')
      assert.deepEqual(
        [await ask(from('web', 'a')), await ask(from('web', 'b')), await ask(from('other', 'a'))],
        [same, neighbour, stranger],
      )
    })
  }

  it('is for nobody else when he has no identity', async () => {
    const { run } = createCacheBed()
    const at = (address: string): Step => ({
      ask: 'GET /',
      says: FRESH,
      exchange: { source: { principal: undefined, address } },
    })
    assert.deepEqual([(await run(at('10.0.0.1'))).by, (await run(at('10.0.0.2'))).by], ['miss', 'miss'])
  })

  it('with a verified token is for nobody else unless it says so', async () => {
    const { run } = createCacheBed()
    const exchange = { claims: { iss: 'i', sub: 's' } }
    assert.equal((await run({ ask: 'GET /', says: FRESH, exchange })).by, 'miss')
    assert.equal((await run({ ask: 'GET /', says: FRESH })).by, 'miss')
  })
})

describe('what others have seen to', () => {
  it('credentials that were taken out on the way are credentials', async () => {
    const user = (name: string): StagedFilter => ({
      stage: 'identify',
      filter: {
        onRequest: ({ request: { headers } }) => {
          headers.removeLower('authorization')
          headers.setLower('x-user', name)
        },
      },
    })
    for (const [says, by] of [
      [FRESH, 'miss'],
      [{ 'cache-control': 'public, max-age=60' }, 'hit'],
    ] as const) {
      const { run } = createCacheBed({}, [user('ann')])
      const step: Step = { ask: 'GET /', says, headers: { authorization: 'Basic YW5uOng=' } }
      await run(step)
      assert.equal((await run(step)).by, by)
    }
  })

  it('where a backend may refuse a request nothing is kept', async () => {
    const { run } = createCacheBed()
    const match = { route: 'HTTPRoute/shop/api', rule: '0', prefix: undefined, isGuarded: true }
    const step: Step = { ask: 'GET /', says: FRESH, exchange: { match } }
    assert.deepEqual([(await run(step)).by, (await run(step)).by], ['miss', 'miss'])
  })
})

describe('the memory', () => {
  it('is bounded: what has not been asked for longest makes room', async () => {
    const { run, env } = createCacheBed({ maxBytes: 65_536, maxResponseBytes: 20_000 })
    const body = 'x'.repeat(18_000)
    const ask = async (path: string): Promise<string> =>
      (await run({ ask: `GET ${path}`, response: { status: 200, headers: Object.entries(FRESH), body } })).by
    for (const path of ['/1', '/2', '/3', '/1', '/4']) await ask(path)
    assert.deepEqual([await ask('/1'), await ask('/3'), await ask('/4')], ['hit', 'hit', 'hit'])
    assert.equal(await ask('/2'), 'miss')
    const kept = env.counted('response_cache_stored_bytes_total') - env.counted('response_cache_removed_bytes_total')
    assert.ok(kept > 3 * 18_000 && kept <= 65_536, `${kept} bytes`)
  })

  it('counts what is long beside bodies', async () => {
    const { run, env } = createCacheBed({ maxBytes: 65_536, maxResponseBytes: 20_000 })
    for (let i = 0; i < 200; i++) await run({ ask: `GET /${'a'.repeat(8000)}${i}`, says: FRESH })
    const kept = env.counted('response_cache_stored_bytes_total') - env.counted('response_cache_removed_bytes_total')
    assert.ok(kept <= 65_536, `${kept} bytes`)
  })

  it('that leaves no room is refused', () => {
    const decoded = responseCache.config.decode({ maxBytes: 1_000_000 }, 'spec')
    assert.ok(!decoded.ok && /half of maxBytes/.test(decoded.issues[0]?.expected ?? ''))
  })
})

it('other processes forget what an unsafe method has changed, and what is on its way there', async () => {
  const joinSiblings = createFakeSiblings()
  const [one, other] = [createCacheBed({}, [], { joinSiblings }), createCacheBed({}, [], { joinSiblings })]
  await other.run({ ask: 'GET /a', says: FRESH })
  await other.run({ ask: 'GET /b', says: FRESH })
  await one.run({ ask: 'DELETE /a', status: 204 })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await other.run({ ask: 'GET /a', says: FRESH })).by, 'miss')
  assert.equal((await other.run({ ask: 'GET /b' })).by, 'hit')
})

it('before the rule is known only what has none is kept, and nothing when there are rules', async () => {
  const { run } = createCacheBed()
  const service = (match: NonNullable<Step['exchange']>['match']): Step => ({
    ask: 'GET /',
    says: FRESH,
    exchange: { match: undefined },
    matched: match,
  })
  const rule = { route: 'HTTPRoute/shop/api', rule: 'canary', prefix: undefined }
  assert.equal((await run(service(undefined))).by, 'miss')
  assert.equal((await run(service(undefined))).by, 'hit')
  assert.equal((await run({ ...service(rule), ask: 'GET /other' })).by, 'miss')
  assert.equal((await run({ ...service(rule), ask: 'GET /other' })).by, 'miss')
  assert.equal((await run(service(rule))).by, 'miss', 'a route has come')
})

it('what is stale is asked for once at a time, also where nobody waits for the answer', async () => {
  const { run, asked } = createCacheBed({ staleWhileRevalidate: '10s' })
  await run({ ask: 'GET /', says: FRESH })
  await run({ ask: 'GET /', says: FRESH, headers: { authorization: 'Basic eA==' } })
  const stale: Step = { at: 61, ask: 'GET /', says: FRESH }
  const seen = await Promise.all([run(stale), run(stale), run(stale)])
  assert.deepEqual(
    seen.map(({ by }) => by),
    ['stale', 'stale', 'stale'],
  )
  assert.equal(asked.length, 1)
})

describe('a purge', () => {
  const cases: readonly (readonly [parameters: Readonly<Record<string, string>>, forgotten: number])[] = [
    [{ path: '/a' }, 2],
    [{ path: '/a?x' }, 1],
    [{ prefix: '/a' }, 3],
    [{ host: 'API.shop' }, 4],
    [{ host: 'other', path: '/a' }, 0],
    [{ all: 'true' }, 4],
  ]
  for (const [parameters, forgotten] of cases) {
    it(`of ${JSON.stringify(parameters)} forgets ${forgotten}`, async () => {
      const { run, order } = createCacheBed()
      for (const ask of ['GET /a', 'GET /a?x', 'GET /ab', 'GET /b']) await run({ ask, says: FRESH })
      assert.deepEqual(order('purge', parameters), { forgotten, left: 4 - forgotten })
    })
  }

  it('of nothing, or in a way that nobody knows, is refused', () => {
    const { order } = createCacheBed()
    assert.throws(() => order('purge'), /purge what\?/)
    assert.throws(() => order('purge', { paht: '/a' }), /paht/)
    assert.throws(() => order('clear', { all: 'true' }), /takes purge/)
  })
})
