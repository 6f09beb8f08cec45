import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createExchange, createFakeEnv } from 'fairway/filter/testing'
import type { Reply } from 'fairway/filter'
import { skipWithout } from '../../../test/support/peer-process.ts'
import { createRealEnv } from '../../../test/support/rate-limit/real-env.ts'
import { startRedis, type RedisServer } from '../../../test/support/rate-limit/redis-server.ts'
import type { Limit } from '../counting/limit.ts'
import { LocalLimiter } from '../counting/local-limiter.ts'
import rateLimit from '../rate-limit.ts'
import { openClient } from './open-client.ts'
import { RedisCounter } from './redis-counter.ts'
import type { RedisConfig } from './redis-config.ts'

describe('a limit in Redis', { skip: skipWithout('redis-server') }, () => {
  let redis: RedisServer
  const closing: (() => void)[] = []
  let lastId = 0

  before(async () => {
    redis = await startRedis()
  })
  after(() => {
    for (const close of closing) close()
    redis[Symbol.dispose]()
  })

  const configOf = (): RedisConfig => ({
    type: 'Redis',
    mode: 'Standalone',
    servers: [`127.0.0.1:${redis.port}`],
    database: 0,
    tls: false,
    timeout: 20,
    failureMode: 'Closed',
  })

  /** A counter that is connected. */
  const connect = async (limits: readonly Limit[], origin = `test ${++lastId}`): Promise<RedisCounter> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const open: typeof openClient = async (...args) => {
      const client = await openClient(...args)
      setImmediate(resolve)
      return client
    }
    const counter = new RedisCounter({ config: configOf(), limits, tellsAll: true, env: createRealEnv(origin), open })
    closing.push(() => counter.close())
    await promise
    return counter
  }

  const hourly = (name: string, more: Partial<Limit> = {}): Limit => {
    const limit = {
      name,
      algorithm: 'TokenBucket',
      requests: 10,
      periodMs: 3_600_000,
      burst: 10,
      isShadow: false,
    } as const
    return { ...limit, ...more }
  }

  it('decides as one in this process', async () => {
    const limits = [
      hourly('all', { burst: 20 }),
      hourly('each', { algorithm: 'SlidingWindow', requests: 6, burst: 6 }),
      hourly('shadow', { burst: 3, requests: 3, isShadow: true }),
    ]
    const remote = await connect(limits)
    const local = new LocalLimiter({ limits, maxKeys: 100, tellsAll: true }, Date.now())
    for (let i = 0; i < 40; i++) {
      const demands = limits.map((limit) => ({
        limit,
        key: limit.name === 'each' ? `k${i % 4}` : '',
        cost: (i * 7) % 4,
      }))
      const [here, there] = [local.decide(demands, Date.now()), await remote.decide(demands)]
      assert.equal(there.isAllowed, here.isAllowed, `decision ${i}`)
      const tell = ({ standings }: typeof here) =>
        standings.map(({ limit, waitMs, remaining, resetMs }) => [
          limit.name,
          waitMs > 0,
          remaining,
          Math.round(resetMs / 1e5),
        ])
      assert.deepEqual(tell(there), tell(here), `standings ${i}`)
      if (i % 10 === 9) {
        local.charge(demands, Date.now())
        await remote.charge(demands)
      }
    }
  })

  it('is shared by all who have the same object, and by no others', async () => {
    const limits = [hourly('l')]
    const demands = limits.map((limit) => ({ limit, key: 'k', cost: 6 }))
    const [one, two, other] = [await connect(limits, 'x'), await connect(limits, 'x'), await connect(limits, 'y')]
    const decisions = [await one.decide(demands), await two.decide(demands), await other.decide(demands)]
    assert.deepEqual(
      decisions.map(({ isAllowed }) => isAllowed),
      [true, false, true],
    )
  })

  it('goes on where a server has forgotten the script', async () => {
    const limits = [hourly('l')]
    const counter = await connect(limits)
    const demands = limits.map((limit) => ({ limit, key: '', cost: 6 }))
    assert.equal((await counter.decide(demands)).isAllowed, true)
    redis.cli('script', 'flush')
    assert.equal((await counter.decide(demands)).isAllowed, false)
  })

  it('leaves keys that end by themselves', async () => {
    const limits = [hourly('l')]
    const counter = await connect(limits, 'ttl')
    await counter.decide(limits.map((limit) => ({ limit, key: 'gone-later', cost: 1 })))
    const [key = ''] = redis.cli('keys', '*gone-later').split('\n')
    const leftMs = Number(redis.cli('pttl', key))
    assert.ok(leftMs > 300_000 && leftMs <= 361_000, `${leftMs} ms of a tenth of an hour`)
  })

  it('fails by its failure mode while there is no memory, and recovers', async () => {
    const limits = [hourly('l')]
    const counter = await connect(limits)
    const demands = limits.map((limit) => ({ limit, key: 'full', cost: 1 }))
    redis.cli('config', 'set', 'maxmemory-policy', 'noeviction')
    redis.cli('config', 'set', 'maxmemory', '1')
    await assert.rejects(counter.decide(demands), /OOM/)
    redis.cli('config', 'set', 'maxmemory', '0')
    assert.equal((await counter.decide(demands)).isAllowed, true)
  })

  it('is what an object asks for', async () => {
    const env = createRealEnv('RateLimit shop/api')
    const enforcement = { type: 'Redis', servers: [`127.0.0.1:${redis.port}`], failureMode: 'Closed', timeout: '900ms' }
    const decoded = rateLimit.config.decode(
      { limits: [{ name: 'l', rate: { requests: 2, per: '1h' } }], enforcement },
      '',
    )
    assert.ok(decoded.ok, JSON.stringify(decoded))
    const filter = rateLimit.create(decoded.value, env)
    closing.push(() => filter.close?.())
    const statuses: number[] = []
    // The first ones may come before the connection.
    for (let i = 0; i < 500 && statuses.at(-1) !== 429; i++) {
      const reply = await filter.onRequest?.(createExchange())
      if (reply === undefined || reply.status === 429) statuses.push(reply?.status ?? 200)
      await new Promise((resolve) => void setImmediate(resolve))
    }
    assert.deepEqual(statuses, [200, 200, 429])
  })
})

describe('Redis', () => {
  it('is not connected to unless the operator allows it', async () => {
    const asked: string[] = []
    const env = createFakeEnv({
      allowsEgress: async (host, port) => {
        asked.push(`${host}:${port}`)
        return false
      },
    })
    const config = {
      limits: [{ name: 'l', rate: { requests: 2, per: '1h' } }],
      enforcement: { type: 'Redis', servers: ['r.infra:6379'], failureMode: 'Closed' },
    }
    const decoded = rateLimit.config.decode(config, '')
    assert.ok(decoded.ok)
    const filter = rateLimit.create(decoded.value, env)
    env.advance(1)
    const reply: Reply | void = await filter.onRequest?.(createExchange())
    assert.deepEqual([reply?.status, reply?.reason, reply?.flags], [503, 'rate_limit_unavailable', 'RLSE'])
    assert.deepEqual(asked, ['r.infra:6379'])
    assert.deepEqual(env.logged, ['error: test: r.infra:6379 is not allowed: --filter-egress r.infra:6379'])
  })

  const servers = ['r:6379']
  for (const [what, more, path] of [
    ['several servers that are no cluster', { servers: ['a:1', 'b:2'] }, 'e.servers'],
    ['a sentinel without a master', { mode: 'Sentinel' }, 'e.master'],
    ['a master without sentinels', { master: 'm' }, 'e.master'],
    ['a database of a cluster', { mode: 'Cluster', database: 3 }, 'e.database'],
    ['a server without a port', { servers: ['r'] }, 'e.servers[0]'],
    ["somebody else's variable", { passwordVariable: 'HOME' }, 'e.passwordVariable'],
  ] as const) {
    it(`is not configured with ${what}`, () => {
      const limits = [{ name: 'l', rate: { requests: 1, per: '1s' } }]
      const decoded = rateLimit.config.decode({ limits, enforcement: { type: 'Redis', servers, ...more } }, '')
      assert.ok(!decoded.ok)
      assert.equal(decoded.issues[0]?.path, path.replace('e.', 'enforcement.'))
    })
  }
})
