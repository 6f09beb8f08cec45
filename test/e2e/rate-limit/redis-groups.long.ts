/** `npm run test:long`: limits in a real Redis cluster, and behind a real sentinel, with servers that are killed. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Filter } from '../../../src/filter/index.ts'
import type { ExchangeOptions } from '../../../src/filter/testing.ts'
import { run, skipWithout } from '../../support/peer-process.ts'
import { loadLimit, makeLimit, quantile, tell, untilDecided } from '../../support/rate-limit/load.ts'
import {
  startRedisCluster,
  startWatchedRedis,
  type RedisServers,
  type WatchedRedis,
} from '../../support/rate-limit/redis-server.ts'

const KEYS = 300
/** A machine that does other things as well may be slow. */
const PATIENT = '500ms'
const key = [{ type: 'Header', name: 'x-user' }]
const from = (user: number): ExchangeOptions => ({ headers: [['x-user', String(user)]] })

describe('limits in a Redis cluster of three masters', { skip: skipWithout('redis-server') }, () => {
  let cluster: RedisServers
  const closing: Filter[] = []
  before(async () => {
    cluster = await startRedisCluster(3)
  })
  after(() => {
    for (const filter of closing) filter.close?.()
    cluster?.[Symbol.dispose]()
  })

  const make = async (origin: string, limits: readonly object[]): Promise<Filter> => {
    const servers = cluster.servers.slice(0, 2).map(({ port }) => `127.0.0.1:${port}`)
    const enforcement = { type: 'Redis', mode: 'Cluster', servers, failureMode: 'Closed', timeout: PATIENT }
    const filter = makeLimit({ limits, enforcement }, origin)
    closing.push(filter)
    await delay(300)
    await untilDecided(filter, from(-1))
    return filter
  }

  const keysOf = (): readonly number[] => cluster.servers.map(({ cli }) => Number(cli('DBSIZE')))

  it('one limit is spread over all, and each key has exactly its own', async (t) => {
    const filter = await make('spread', [{ name: 'l', rate: { requests: 10, per: '1h' }, key }])
    const tally = await loadLimit(filter, { perSecond: 2000, forMs: 3000, exchangeOf: (i) => from(i % KEYS) })
    tell(t, tally, keysOf())
    // 20 of each key.
    assert.deepEqual([tally.passed, tally.failed], [10 * KEYS, 0])
    assert.ok(keysOf().every((keys) => keys > KEYS / 6))
  })

  it('several limits keep to one, and are decided together', async (t) => {
    const earlier = keysOf()
    const limits = [
      { name: 'all', rate: { requests: 500, per: '1h' } },
      { name: 'each', rate: { requests: 10, per: '1h' }, key },
    ]
    const filter = await make('together', limits)
    const tally = await loadLimit(filter, { perSecond: 2000, forMs: 2000, exchangeOf: (i) => from(i % KEYS) })
    const grown = keysOf().filter((keys, i) => keys > (earlier[i] ?? 0) + 3)
    tell(t, tally, earlier, keysOf())
    // One has gone to find out whether it is there.
    assert.ok(Math.abs(tally.passed - 499) <= 1 && tally.failed === 0)
    assert.equal(grown.length, 1)
  })

  it('slots that move to another master meanwhile are followed', async (t) => {
    const filter = await make('moving', [{ name: 'l', rate: { requests: 5, per: '1h' }, key }])
    const load = loadLimit(filter, { perSecond: 1000, forMs: 4000, exchangeOf: (i) => from(i % KEYS) })
    await delay(300)
    const [one, two] = cluster.servers.map(({ cli, port }) => ({ port, id: cli('CLUSTER', 'MYID') }))
    const address = `127.0.0.1:${one?.port}`
    const what = ['--cluster-from', one?.id ?? '', '--cluster-to', two?.id ?? '', '--cluster-slots', '500']
    await run('redis-cli', ['--cluster', 'reshard', address, ...what, '--cluster-yes'])
    const tally = await load
    tell(t, tally)
    assert.deepEqual([tally.passed, tally.failed], [5 * KEYS, 0])
  })

  it('a master that is killed takes its keys with it, and nobody else’s', async (t) => {
    const filter = await make('killed', [{ name: 'l', rate: { requests: 1_000_000, per: '1h' }, key }])
    cluster.servers[2]?.kill('SIGKILL')
    await delay(4000)
    const tally = await loadLimit(filter, { perSecond: 1000, forMs: 4000, exchangeOf: (i) => from(i % KEYS) })
    tell(t, tally)
    assert.ok(quantile(tally, 0.99) < 600, 'nobody waits for long')
    const share = tally.failed / tally.waitsMs.length
    assert.ok(share > 0.2 && share < 0.5, `${share} failed`)
  })
})

describe('limits in Redis behind a sentinel', { skip: skipWithout('redis-server') }, () => {
  let redis: WatchedRedis
  before(async () => {
    redis = await startWatchedRedis()
  })
  after(() => redis?.[Symbol.dispose]())

  it('go on with what was counted when the master is killed', async (t) => {
    const servers = [`127.0.0.1:${redis.sentinel.port}`]
    const enforcement = {
      type: 'Redis',
      mode: 'Sentinel',
      master: 'main',
      servers,
      failureMode: 'Closed',
      timeout: '100ms',
    }
    const filter = makeLimit({ limits: [{ name: 'l', rate: { requests: 1000, per: '1h' } }], enforcement }, 'watched')
    t.after(() => filter.close?.())
    await delay(500)
    await untilDecided(filter)
    const earlier = await loadLimit(filter, { perSecond: 200, forMs: 2000 })
    tell(t, 'before', earlier)
    assert.equal(earlier.refused, 0)
    const load = loadLimit(filter, { perSecond: 200, forMs: 10_000 })
    await delay(1000)
    redis.servers[0]?.kill('SIGKILL')
    const killedMs = performance.now()
    await delay(100)
    await untilDecided(filter)
    tell(t, { recoveredMs: Math.round(performance.now() - killedMs) })
    const during = await load
    tell(t, 'during', during)
    assert.ok(quantile(during, 0.99) < 200, 'nobody waits for long')
    // What the replica did not have yet may be lost, and what nobody waited for any more was counted.
    const passed = earlier.passed + during.passed
    assert.ok(passed <= 1010 && passed >= 920, `${passed} of 1000`)
    assert.ok(during.refused > 0)
  })
})
