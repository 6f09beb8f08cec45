import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../../http/header-list.ts'
import { defaultOutlierDetection } from '../../model/backend/backend-defaults.ts'
import type { BackendPolicy, LoadBalancing, OutlierDetection } from '../../model/backend/backend-policy.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import type { EndpointPool } from '../upstream/pool.ts'
import { endpointsOf } from '../../../test/support/models.ts'
import { seededRandom } from '../../../test/support/random.ts'
import type { SeededRandom } from '../../../test/support/random.ts'
import { FakePools } from '../../../test/support/upstream/fake-pools.ts'
import type { FakePool } from '../../../test/support/upstream/fake-pools.ts'
import { mostOut } from './health/endpoint-health.ts'

const STEPS = 3000
const slowStart = { durationMs: 5000, minimumPercent: 10 }
const algorithms: readonly LoadBalancing[] = [
  { algorithm: 'RoundRobin' },
  { algorithm: 'RoundRobin', slowStart },
  { algorithm: 'LeastRequest', slowStart },
  { algorithm: 'Random' },
  { algorithm: 'ConsistentHash', key: { type: 'SourceAddress' } },
  { algorithm: 'ConsistentHash', key: { type: 'SourceAddress' }, maxLoadPercent: 125 },
]

const detectionOf = (random: SeededRandom): OutlierDetection => ({
  ...defaultOutlierDetection,
  consecutive5xxErrors: random.below(4),
  consecutiveGatewayErrors: random.below(3),
  consecutiveLocalOriginFailures: random.below(4),
  maxEjectionPercent: random.pick([1, 10, 34, 50, 100]),
  ...(random.chance(0.3) ? { successRatio: { minimumPercent: 80, minimumRequests: 5 } } : {}),
})

type Mode = 'fixed' | 'changing' | 'shared'

interface Request {
  readonly group: EndpointGroup
  readonly pool: EndpointPool
  readonly startedMs: number
}

/** Some Services with endpoints of their own or, when `shared`, of each other's too; whatever may happen to them. */
class Run {
  readonly random: SeededRandom
  readonly pools = new FakePools()
  readonly #mode: Mode
  readonly #pending: Request[] = []
  readonly #touched = new Set<EndpointPool>()
  #groups: readonly EndpointGroup[] = []

  constructor(seed: number, mode: Mode) {
    this.random = seededRandom(seed)
    this.#mode = mode
    this.#regroup()
  }

  step(): void {
    const { random, pools } = this
    const what = random.below(20)
    if (what < 9) this.#begin()
    else if (what < 16) this.#end()
    else if (what === 16) pools.health.noteSilent(random.pick([...this.#touched]).health, 'silence')
    else if (what === 17) this.#endProbe()
    else if (what === 18) pools.advance(random.pick([1, 100, 250, 1000, 10_000]))
    else if (this.#mode !== 'fixed' && random.chance(0.1)) this.#regroup()
    this.#check()
  }

  /** Everything comes to its end, and time passes. */
  finish(): void {
    while (this.#pending.length > 0) this.#end()
    for (let i = 0; i < 40; i++) {
      this.#endProbe()
      this.pools.advance(10_000)
    }
    const { health, counters } = this.pools
    assert.equal(health.noted.size, 0)
    assert.deepEqual(counters.states, { ejected: 0, probation: 0, slowed: 0 })
    for (const pool of this.#touched) {
      assert.equal(pool.active, 0)
      assert.equal(pool.health.isQuiet, true)
    }
    const ejections = Object.values(counters.ejections).reduce((sum, n) => sum + n, 0)
    const told = this.pools.turns.filter((line) => line.endsWith('ejected')).length
    assert.equal(ejections, told)
    assert.equal(counters.returns, this.pools.turns.length - told)
  }

  #begin(): void {
    const { random, pools } = this
    const group = random.pick(this.#groups)
    const tried: EndpointPool[] = []
    const tries = random.chance(0.2) ? 3 : 1
    for (let i = 0; i < tries; i++) {
      const pool = pools.balancer.pickEndpoint(group, tried, random.chance(0.5) ? random.below(1 << 30) : undefined)
      assert.ok(pool, 'somebody is always there')
      const others = group.endpoints.map((endpoint) => pools.poolOf(endpoint)).filter((other) => !tried.includes(other))
      const isAnyLeft = others.some(({ health }) => health.state === 'healthy' || !health.needsDial)
      assert.ok(!isAnyLeft || !tried.includes(pool), 'another one, as long as there is one')
      tried.push(pool)
    }
    const pool = tried.at(-1)
    assert.ok(pool)
    pool.active++
    this.#touched.add(pool)
    this.#pending.push({ group, pool, startedMs: pools.clock.monotonicMs() })
  }

  #end(): void {
    const { random, pools } = this
    const [request] = this.#pending.splice(random.below(this.#pending.length), 1)
    if (request === undefined) return
    const { group, pool, startedMs } = request
    const { outcomes } = pools.balancer
    const trying = pools.balancer.trying(group, pool, startedMs)
    const head = (status: number, fields: string[] = []): void => {
      const headers = new HeaderList(fields)
      outcomes.onHead(trying, {
        status,
        reason: '',
        minorVersion: 1,
        headers,
        bodyLength: 0,
        keepAlive: true,
        isOpen: false,
      })
    }
    const ends: readonly (() => void)[] = [
      () => head(200),
      () => head(random.pick([404, 429, 500, 502, 503])),
      () => head(random.pick([429, 503]), ['retry-after', String(random.below(70))]),
      () => outcomes.onTrailers(trying, new HeaderList(['grpc-status', String(random.below(18))])),
      () => outcomes.onLost(trying, random.pick(['reset', 'timeout', 'protocol']), 'lost'),
      () => outcomes.onUnreachable(trying, { kind: 'connect-failed', message: 'refused' }),
      () => outcomes.onUnreachable(trying, { kind: 'connect-failed', message: 'refused' }),
      () => outcomes.onConnected(trying),
      // The client goes away.
      () => {},
    ]
    random.pick(ends)()
    pool.active--
    pool.health.endTrial(startedMs)
  }

  #endProbe(): void {
    const { random } = this
    for (const pool of this.#touched) {
      const { probes } = pool as unknown as FakePool
      assert.ok(probes.length <= 1, 'one dial of our own at a time')
      assert.equal(pool.health.isProbing, probes.length === 1)
      probes.pop()?.(random.chance(0.5) ? undefined : { kind: 'timeout', message: 'timed out' })
    }
  }

  /** A new configuration: other Services, other endpoints, other policies. */
  #regroup(): void {
    const { random } = this
    this.#groups = Array.from({ length: 3 }, (_, i) => {
      const size = 1 + random.below(9)
      const first = this.#mode === 'shared' ? 0 : 20 * i
      const addresses = Array.from({ length: size }, (__, k) => `10.0.0.${first + k}`)
      const group = endpointsOf(`s${i}`, addresses)
      const policy: BackendPolicy = {
        source: 'BackendPolicy shop/api',
        loadBalancing: random.pick(algorithms),
        ...(random.chance(0.7) ? { outlierDetection: detectionOf(random) } : {}),
      }
      const near = random.chance(0.3) ? random.below(size) : 0
      const endpoints = group.endpoints.map((one, k) => (k < near ? { ...one, isNear: true as const } : one))
      for (const endpoint of endpoints) this.#touched.add(this.pools.poolOf(endpoint))
      return { ...group, endpoints, policy }
    })
    this.pools.balancer.retain(new Map(this.#groups.map((group) => [group.key, group])))
  }

  #check(): void {
    for (const { health } of this.#touched) {
      assert.ok(health.share > 0 && health.share <= 1)
      assert.ok(health.state === 'ejected' || health.state === 'healthy' || health.state === 'probation')
      if (health.state === 'ejected') {
        assert.ok(health.untilMs - health.sinceMs <= defaultOutlierDetection.maxEjectionMs)
        assert.ok(this.pools.health.noted.has(health))
      }
      if (!health.isQuiet) assert.ok(this.pools.health.noted.has(health), 'what is remembered is looked after')
    }
    for (const group of this.#groups) this.#checkGroup(group)
  }

  #checkGroup(group: EndpointGroup): void {
    const { pools } = this
    const [first] = group.endpoints
    assert.ok(first)
    const { watcher } = pools.balancer.trying(group, pools.poolOf(first), 0)
    const out = watcher.countOut()
    // Else they may have been ejected by other rules: those of before, or of another Service.
    const judged = group.endpoints.filter((endpoint) => {
      const { health } = pools.poolOf(endpoint)
      return health.isOutFor(watcher.rules) && !health.needsDial
    })
    // Else they may have been ejected by other rules: those of before, or of another Service.
    if (this.#mode === 'fixed') assert.ok(judged.length <= mostOut(watcher), `${judged.length} of ${watcher.size}`)
    // Who is picked is not ejected, unless nobody else is there or more than may be are.
    if (out === 0 || out > mostOut(watcher) || out === watcher.size) return
    const pool = pools.balancer.pickEndpoint(group, [], 1)
    assert.ok(pool)
    assert.ok(pool.health.state !== 'ejected' || !pool.health.isOutFor(watcher.rules))
    pool.health.endTrial(pools.clock.monotonicMs())
  }
}

const names = {
  fixed: 'endpoints',
  changing: 'endpoints of Services that change',
  shared: 'endpoints that Services share',
} as const
for (const mode of ['fixed', 'changing', 'shared'] as const) {
  for (let seed = 1; seed <= 8; seed++) {
    test(`whatever happens to ${names[mode]}, the rules hold (${seed})`, () => {
      const run = new Run(seed, mode)
      for (let i = 0; i < STEPS; i++) run.step()
      run.finish()
    })
  }
}
