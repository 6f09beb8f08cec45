import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createExchange, createFakeEnv, runFilter, type ExchangeOptions, type FakeEnv } from 'fairway/filter/testing'
import type { Exchange, Filter, Reply } from 'fairway/filter'
import rateLimit from './rate-limit.ts'

const decode = (spec: unknown) => {
  const decoded = rateLimit.config.decode(spec, 'spec')
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

interface Asked {
  readonly filter: Filter
  readonly env: FakeEnv
  readonly ask: (options?: ExchangeOptions) => Reply | undefined
}

const open = (spec: object, env = createFakeEnv({ nowMs: 1_800_000_000_000 })): Asked => {
  const filter = rateLimit.create(decode(spec), env)
  const ask = (options: ExchangeOptions = {}): Reply | undefined => {
    const result = filter.onRequest?.(createExchange(options))
    assert.ok(result === undefined || !('then' in result), 'it decides at once')
    return result ?? undefined
  }
  return { filter, env, ask }
}

/** How many of `times` pass. */
const passing = ({ ask }: Asked, times: number, options?: ExchangeOptions): number =>
  Array.from({ length: times }, () => ask(options)).filter((reply) => reply === undefined).length

const perSecond = (requests: number, more: object = {}) => ({ name: 'l', rate: { requests, per: '1s' }, ...more })

describe('a token bucket', () => {
  it('lets its burst pass at once, and then as many as come back', () => {
    const asked = open({ limits: [perSecond(10, { burst: 20 })] })
    assert.equal(passing(asked, 30), 20)
    asked.env.advance(100)
    assert.equal(passing(asked, 5), 1)
    asked.env.advance(1000)
    assert.equal(passing(asked, 15), 10)
    asked.env.advance(60_000)
    assert.equal(passing(asked, 30), 20)
  })

  it('takes and gives nothing when the clock is set back', () => {
    const asked = open({ limits: [perSecond(10)] })
    assert.equal(passing(asked, 5), 5)
    asked.env.advance(-5000)
    assert.equal(passing(asked, 10), 5)
    asked.env.advance(100)
    assert.equal(passing(asked, 10), 1)
  })

  it('is within one percent over 10,000 requests', () => {
    const asked = open({ limits: [perSecond(1000, { burst: 1 })] })
    let passed = 0
    // For five seconds, two in each millisecond.
    for (let i = 0; i < 5000; i++) {
      passed += passing(asked, 2)
      asked.env.advance(1)
    }
    assert.ok(Math.abs(passed - 5000) <= 50, `${passed} of 5000`)
  })
})

describe('a sliding window', () => {
  const sliding = perSecond(10, { algorithm: 'SlidingWindow' })

  it('lets no more pass in a period, wherever it begins', () => {
    const asked = open({ limits: [sliding] })
    asked.env.advance(900)
    assert.equal(passing(asked, 20), 10)
    asked.env.advance(200)
    // Nine tenths of the period before are still in view.
    assert.equal(passing(asked, 20), 1)
    asked.env.advance(400)
    assert.equal(passing(asked, 20), 4)
    asked.env.advance(5000)
    assert.equal(passing(asked, 20), 10)
  })

  it('counts with a clock that tells fractions of milliseconds', () => {
    const asked = open({ limits: [sliding] }, createFakeEnv({ nowMs: 1_800_000_000_000.137 }))
    for (let i = 0; i < 10; i++) {
      assert.equal(passing(asked, 1), 1)
      asked.env.advance(0.731)
    }
    assert.equal(passing(asked, 1), 0)
  })

  it('says when the next one would pass', () => {
    for (const offset of [0, 250, 900]) {
      const asked = open({ limits: [{ ...sliding, rate: { requests: 10, per: '60s' } }] })
      asked.env.advance(offset * 60)
      assert.equal(passing(asked, 11), 10)
      const wait = Number(asked.ask()?.headers.find(([name]) => name === 'retry-after')?.[1])
      asked.env.advance(wait * 1000 - 1001)
      assert.equal(passing(asked, 1), 0, `not before ${wait} s, from ${offset}`)
      asked.env.advance(1001)
      assert.equal(passing(asked, 1), 1, `in ${wait} s, from ${offset}`)
    }
  })

  it('is within one percent over 10,000 requests that come evenly', () => {
    const asked = open({ limits: [perSecond(1000, { algorithm: 'SlidingWindow' })] })
    let passed = 0
    for (let i = 0; i < 5000; i++) {
      passed += passing(asked, 2)
      asked.env.advance(1)
    }
    assert.ok(passed <= 5050 && passed >= 4950, `${passed} of 5000`)
  })
})

describe('nested limits', () => {
  it('all let a request pass, or nothing is taken from any', () => {
    const asked = open({
      limits: [
        perSecond(10, { name: 'all' }),
        perSecond(2, { name: 'each', key: [{ type: 'Header', name: 'x-user' }] }),
      ],
    })
    const from = (user: string): ExchangeOptions => ({ headers: [['x-user', user]] })
    assert.equal(passing(asked, 9, from('a')), 2)
    for (const user of ['b', 'c', 'd', 'e']) assert.equal(passing(asked, 3, from(user)), 2)
    assert.equal(asked.ask(from('f'))?.reason, 'rate_limited{all}')
    assert.equal(asked.env.counted('rate_limit_refused_total', { limit: 'each', mode: 'enforced' }), 7 + 4)
  })

  it('one in shadow refuses nothing and counts', () => {
    const asked = open({ limits: [perSecond(2, { name: 'new', shadow: true }), perSecond(5, { name: 'old' })] })
    assert.equal(passing(asked, 8), 5)
    assert.equal(asked.env.counted('rate_limit_refused_total', { limit: 'new', mode: 'shadow' }), 6)
    assert.equal(asked.env.counted('rate_limit_refused_total', { limit: 'old', mode: 'enforced' }), 3)
  })
})

const token = { iss: 'i', sub: 's', tenant: 'a', realm: { roles: ['x', 'y'] } }
const spiffe = 'spiffe://cluster.local/ns/web/sa/web' as NonNullable<Exchange['source']['principal']>

const keys: readonly (readonly [part: object, one: ExchangeOptions, same: ExchangeOptions, other: ExchangeOptions])[] =
  [
    [
      { type: 'SourceIdentity' },
      { source: { principal: spiffe } },
      { source: { principal: spiffe, address: '10.0.0.2' } },
      {},
    ],
    [
      { type: 'SourceNamespace' },
      { source: { namespace: 'a' } },
      { source: { namespace: 'a' } },
      { source: { namespace: 'b' } },
    ],
    [
      { type: 'SourceAddress' },
      { source: { address: '10.0.0.1' } },
      { source: { address: '10.0.0.1' } },
      { source: { address: '10.0.0.2' } },
    ],
    [{ type: 'Method' }, {}, { method: 'GET' }, { method: 'POST' }],
    [{ type: 'Host' }, { authority: 'a.shop' }, { authority: 'A.shop' }, { authority: 'b.shop' }],
    [{ type: 'Path' }, { path: '/a' }, { path: '/a', query: '?x=1' }, { path: '/b' }],
    [{ type: 'Header', name: 'X-User' }, { headers: [['x-user', 'a']] }, { headers: [['X-USER', 'a']] }, {}],
    [{ type: 'Header', name: 'x-user' }, {}, { headers: [['x-other', 'a']] }, { headers: [['x-user', '']] }],
    [
      { type: 'Cookie', name: 'sid' },
      { headers: [['cookie', 'a=1; sid=x']] },
      { headers: [['cookie', 'sid="x"; b=2']] },
      { headers: [['cookie', 'xsid=x']] },
    ],
    [
      { type: 'Cookie', name: 'sid' },
      {
        headers: [
          ['cookie', 'a=1'],
          ['cookie', 'sid=x'],
        ],
      },
      { headers: [['cookie', ' sid = "x"']] },
      { headers: [['cookie', 'a=1']] },
    ],
    [{ type: 'Claim', name: 'tenant' }, { claims: token }, { claims: { tenant: 'a' } }, {}],
    [
      { type: 'Claim', name: 'realm.roles' },
      { claims: token },
      { claims: { realm: { roles: ['x', 'y'] } } },
      { claims: { realm: { roles: ['x'] } } },
    ],
    [
      { type: 'PathTemplate', templates: ['/orders/{id}', '/users/{id}/**'] },
      { path: '/orders/1' },
      { path: '/orders/2' },
      { path: '/orders/1/lines' },
    ],
    [
      { type: 'PathTemplate', templates: ['/orders/{id}', '/users/{id}/**'] },
      { path: '/users/1/a/b' },
      { path: '/users/2/c' },
      { path: '/users/' },
    ],
    [
      { type: 'Path' },
      { path: `/${'a'.repeat(5000)}` },
      { path: `/${'a'.repeat(5000)}` },
      { path: `/${'a'.repeat(5001)}` },
    ],
  ]

describe('what is counted apart:', () => {
  for (const [part, one, same, other] of keys) {
    it(JSON.stringify([part, other]).slice(0, 120), () => {
      const asked = open({ limits: [perSecond(1, { key: [part] })] })
      assert.deepEqual(
        [one, same, other].map((options) => asked.ask(options) === undefined),
        [true, false, true],
      )
    })
  }

  it('several parts are one key, and none runs into the next', () => {
    const part = (name: string) => ({ type: 'Header', name })
    const asked = open({ limits: [perSecond(1, { key: [part('a'), part('b')] })] })
    assert.equal(
      asked.ask({
        headers: [
          ['a', 'x'],
          ['b', 'yz'],
        ],
      }),
      undefined,
    )
    assert.equal(
      asked.ask({
        headers: [
          ['a', 'xy'],
          ['b', 'z'],
        ],
      }),
      undefined,
    )
    assert.equal(
      asked.ask({
        headers: [
          ['a', 'x'],
          ['b', 'yz'],
        ],
      })?.status,
      429,
    )
  })

  it('of many keys the last half is always remembered', () => {
    const asked = open({
      maxKeys: 100,
      limits: [perSecond(1, { rate: { requests: 1, per: '1h' }, key: [{ type: 'Path' }] })],
    })
    for (let i = 0; i < 1000; i++) asked.ask({ path: `/${i}` })
    for (let i = 950; i < 1000; i++) assert.equal(asked.ask({ path: `/${i}` })?.status, 429, `/${i}`)
    assert.equal(asked.ask({ path: '/0' }), undefined)
  })
})

describe('what a limit is for:', () => {
  const cases: readonly (readonly [match: object, is: ExchangeOptions, not: ExchangeOptions])[] = [
    [{ methods: ['POST', 'PUT'] }, { method: 'PUT' }, { method: 'GET' }],
    [{ path: { type: 'Exact', value: '/a' } }, { path: '/a' }, { path: '/a/' }],
    [{ path: { type: 'PathPrefix', value: '/a' } }, { path: '/a/b' }, { path: '/ab' }],
    [{ path: { type: 'PathPrefix', value: '/a/' } }, { path: '/a' }, { path: '/' }],
    [{ path: { type: 'Template', value: '/a/{x}/c' } }, { path: '/a/b/c' }, { path: '/a/b' }],
    [{ headers: [{ name: 'x-a', value: '1' }] }, { headers: [['X-A', '1']] }, { headers: [['x-a', '2']] }],
    [{ headers: [{ name: 'x-a' }] }, { headers: [['x-a', '']] }, {}],
    [{ sourceIdentities: [spiffe] }, { source: { principal: spiffe } }, {}],
    [{ sourceNamespaces: ['web'] }, { source: { namespace: 'web' } }, { source: { namespace: 'db' } }],
    [{ methods: ['POST'], path: { type: 'Exact', value: '/a' } }, { method: 'POST', path: '/a' }, { path: '/a' }],
  ]
  for (const [match, is, not] of cases) {
    it(JSON.stringify(match), () => {
      const asked = open({ limits: [perSecond(1, { matches: [{ methods: ['NEVER'] }, match] })] })
      assert.deepEqual([passing(asked, 3, is), passing(asked, 3, not)], [1, 3])
    })
  }
})

describe('cost', () => {
  it('of a request is a number, or what a header says', () => {
    const asked = open({ limits: [perSecond(100, { cost: { request: { number: 30, header: 'x-cost' } } })] })
    assert.equal(passing(asked, 5), 3)
    assert.equal(passing(asked, 20, { headers: [['x-cost', '2']] }), 5)
    for (const bad of ['-5', '1e3', '', '99999999'])
      assert.equal(asked.ask({ headers: [['x-cost', bad]] })?.status, 429)
  })

  it('of more than there ever is passes when nothing is used, and is owed', () => {
    const asked = open({ limits: [perSecond(10, { cost: { request: { header: 'x-cost' } } })] })
    assert.equal(asked.ask({ headers: [['x-cost', '30']] }), undefined)
    asked.env.advance(2000)
    assert.equal(asked.ask()?.status, 429)
    asked.env.advance(100)
    assert.equal(asked.ask(), undefined)
  })

  it('of a response is taken when it is there', async () => {
    const env = createFakeEnv()
    const spec = { limits: [perSecond(10, { cost: { request: { number: 0 }, response: { header: 'x-used' } } })] }
    const filter = rateLimit.create(decode(spec), env)
    const go = async (used: string): Promise<number> => {
      const headers = [['x-used', used]] as const
      const { response } = await runFilter({ ...rateLimit, create: () => filter }, spec, { response: { headers } })
      return response.status
    }
    assert.equal(await go('25'), 200)
    assert.equal(await go('1'), 429)
    env.advance(1500)
    assert.equal(await go('1'), 429)
    env.advance(100)
    assert.equal(await go('1'), 200)
  })
})

describe('a refusal', () => {
  it('says why, and when to come again', () => {
    const asked = open({
      limits: [
        perSecond(1, { name: 'a', rate: { requests: 1, per: '10s' } }),
        perSecond(5, { name: 'b', rate: { requests: 5, per: '500ms' } }),
        perSecond(1, { name: 'c', shadow: true }),
      ],
    })
    asked.ask()
    assert.deepEqual(asked.ask(), {
      kind: 'reply',
      status: 429,
      headers: [
        ['content-type', 'text/plain'],
        ['retry-after', '10'],
        ['ratelimit-policy', '"a";q=1;w=10, "b";q=5'],
        ['ratelimit', '"a";r=0;t=10, "b";r=4;t=1'],
      ],
      body: 'too many requests\n',
      reason: 'rate_limited{a}',
      flags: 'RL',
      grpcStatus: 14,
    })
  })

  it('is RESOURCE_EXHAUSTED to gRPC clients and silent of limits where that is wanted', () => {
    const asked = open({ limits: [perSecond(1)], grpcStatus: 'ResourceExhausted', headers: 'Never' })
    asked.ask()
    const { grpcStatus, headers } = asked.ask() ?? {}
    assert.deepEqual([grpcStatus, headers?.map(([name]) => name)], [8, ['content-type', 'retry-after']])
  })

  it('with headers: Always those who pass are told too', async () => {
    const { response } = await runFilter(rateLimit, { limits: [perSecond(10)], headers: 'Always' })
    assert.equal(response.headers.get('ratelimit'), '"l";r=9;t=1')
    assert.equal(response.headers.get('ratelimit-policy'), '"l";q=10;w=1')
  })
})

describe('what cannot be carried out is refused:', () => {
  const cases: readonly (readonly [spec: object, path: string])[] = [
    [{ limits: [] }, 'spec.limits'],
    [{ limits: [perSecond(1), perSecond(2)] }, 'spec.limits[0].name'],
    [{ limits: [perSecond(0)] }, 'spec.limits[0].rate.requests'],
    [{ limits: [perSecond(1, { rate: { requests: 1, per: '0s' } })] }, 'spec.limits[0].rate.per'],
    [{ limits: [perSecond(5, { cost: { request: { number: 6 } } })] }, 'spec.limits[0].cost.request.number'],
    [{ limits: [perSecond(5, { burst: 9, algorithm: 'SlidingWindow' })] }, 'spec.limits[0].burst'],
    [{ limits: [perSecond(5, { key: [{ type: 'Header' }] })] }, 'spec.limits[0].key[0].name'],
    [
      { limits: [perSecond(5, { key: [{ type: 'PathTemplate', templates: ['a/{b}'] }] })] },
      'spec.limits[0].key[0].templates[0]',
    ],
    [{ limits: [perSecond(5)], enforcement: { type: 'Nobody' } }, 'spec.enforcement.type'],
  ]
  for (const [spec, path] of cases) {
    it(path, () => {
      const decoded = rateLimit.config.decode(spec, 'spec')
      assert.ok(!decoded.ok)
      assert.equal(decoded.issues[0]?.path, path)
    })
  }
})
