import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultOutlierDetection, defaultRetryBudget } from '../../../model/backend/backend-defaults.ts'
import { decodeBackendPolicy, decodeBackendTrafficPolicy, type BackendPolicyObject } from './backend-policy.ts'

const metadata = { name: 'p', namespace: 'shop', labels: {}, annotations: {}, owners: [] }
const target = { group: '', kind: 'Service', name: 'api' }
const targetRefs = [target]

const read = (spec: unknown, decode = decodeBackendPolicy): BackendPolicyObject => {
  const decoded = decode({ metadata, body: { spec }, warnings: [] })
  assert.ok(decoded.ok)
  return decoded.value
}

/** `FIELD: FOUND` of each defect, without `spec.`. */
const defectsOf = ({ defects }: BackendPolicyObject): readonly string[] =>
  defects.map(({ path = '', found = '' }) => `${path.replace('spec.', '')}: ${found}`)

describe('a BackendPolicy', () => {
  const good: readonly (readonly [name: string, spec: object, parts: object])[] = [
    ['round robin', { loadBalancing: { algorithm: 'RoundRobin' } }, { loadBalancing: { algorithm: 'RoundRobin' } }],
    [
      'slow start',
      { loadBalancing: { algorithm: 'LeastRequest', slowStart: { duration: '1m30s' } } },
      { loadBalancing: { algorithm: 'LeastRequest', slowStart: { durationMs: 90_000, minimumPercent: 10 } } },
    ],
    [
      'hashing of a header',
      {
        loadBalancing: { algorithm: 'ConsistentHash', consistentHash: { hashOn: { type: 'Header', name: 'X-User' } } },
      },
      { loadBalancing: { algorithm: 'ConsistentHash', key: { type: 'Header', name: 'x-user' } } },
    ],
    [
      'hashing of a cookie, with a bound',
      {
        loadBalancing: {
          algorithm: 'ConsistentHash',
          consistentHash: { hashOn: { type: 'Cookie', name: 'User' }, maxLoadPercent: 125 },
        },
      },
      { loadBalancing: { algorithm: 'ConsistentHash', key: { type: 'Cookie', name: 'User' }, maxLoadPercent: 125 } },
    ],
    [
      'hashing of who asks',
      { loadBalancing: { algorithm: 'ConsistentHash', consistentHash: { hashOn: { type: 'SourcePrincipal' } } } },
      { loadBalancing: { algorithm: 'ConsistentHash', key: { type: 'SourcePrincipal' } } },
    ],
    ['outlier detection as it is by default', { outlierDetection: {} }, { outlierDetection: defaultOutlierDetection }],
    [
      'outlier detection with times: the longest follows the first',
      { outlierDetection: { baseEjectionTime: '30s', interval: '1m', successRatio: { minimumPercent: 90 } } },
      {
        outlierDetection: {
          ...defaultOutlierDetection,
          intervalMs: 60_000,
          baseEjectionMs: 30_000,
          maxEjectionMs: 240_000,
          successRatio: { minimumPercent: 90, minimumRequests: 100 },
        },
      },
    ],
    ['a limit', { limits: { maxConnections: 1 } }, { limits: { maxConnections: 1 } }],
    [
      'limits',
      { limits: { maxRequests: 5, maxPendingRequests: 2 } },
      { limits: { maxRequests: 5, maxPendingRequests: 2 } },
    ],
    ['the budget of Gateway API', { retryBudget: {} }, { retryBudget: defaultRetryBudget }],
    [
      'a budget',
      { retryBudget: { budget: { percent: 0, interval: '1m' }, minRetryRate: { interval: '2s' } } },
      { retryBudget: { percent: 0, intervalMs: 60_000, minRetryRate: { count: 10, intervalMs: 2000 } } },
    ],
    ['a pool', { pool: { connectTimeout: '500ms' } }, { pool: { connectMs: 500 } }],
    [
      'sessions by cookie',
      { sessionPersistence: {} },
      { sessionPersistence: { type: 'Cookie', lifetimeType: 'Session' } },
    ],
    [
      'sessions by a cookie that lasts',
      {
        sessionPersistence: { sessionName: 'S', absoluteTimeout: '9600h', cookieConfig: { lifetimeType: 'Permanent' } },
      },
      {
        sessionPersistence: {
          type: 'Cookie',
          name: 'S',
          lifetimeType: 'Permanent',
          absoluteTimeoutMs: 400 * 86_400_000,
        },
      },
    ],
    [
      'sessions as a later Gateway API writes them',
      { sessionPersistence: { type: 'Cookie', cookie: { name: 's', path: '/a', lifetimeType: 'Session' } } },
      { sessionPersistence: { type: 'Cookie', name: 's', path: '/a', lifetimeType: 'Session' } },
    ],
    [
      'sessions by header as a later Gateway API writes them',
      { sessionPersistence: { type: 'Header', header: { name: 'X-Session' } } },
      { sessionPersistence: { type: 'Header', name: 'x-session', lifetimeType: 'Session' } },
    ],
  ]
  for (const [name, spec, parts] of good) {
    it(`is read: ${name}`, () => {
      const policy = read({ targetRefs, ...spec })
      assert.deepEqual(defectsOf(policy), [])
      assert.deepEqual(policy.parts, parts)
    })
  }

  const hash = (consistentHash: unknown) => ({ loadBalancing: { algorithm: 'ConsistentHash', consistentHash } })
  const hashOn = { type: 'SourceAddress' }
  const bad: readonly (readonly [name: string, spec: object, defects: readonly string[]])[] = [
    ['nothing', {}, ['spec: no part of it']],
    ['null', { limits: null }, ['spec: no part of it']],
    ['no targets', { targetRefs: [], pool: { idleTimeout: '1m' } }, ['targetRefs: []']],
    ['a part that nobody knows', { loadbalancing: {} }, ['loadbalancing: loadbalancing', 'spec: no part of it']],
    ['no algorithm', { loadBalancing: {} }, ['loadBalancing.algorithm: nothing']],
    ['an unknown algorithm', { loadBalancing: { algorithm: 'ROUND_ROBIN' } }, ['loadBalancing.algorithm: ROUND_ROBIN']],
    [
      'hashing of nothing',
      { loadBalancing: { algorithm: 'ConsistentHash' } },
      ['loadBalancing.consistentHash: nothing'],
    ],
    [
      'hashing without hashing',
      { loadBalancing: { algorithm: 'Random', consistentHash: { hashOn } } },
      ['loadBalancing.consistentHash: Random'],
    ],
    [
      'a slow start of hashing',
      { loadBalancing: { ...hash({ hashOn }).loadBalancing, slowStart: { duration: '1s' } } },
      ['loadBalancing.slowStart: ConsistentHash'],
    ],
    [
      'a slow start that takes no time',
      { loadBalancing: { algorithm: 'Random', slowStart: { duration: '0s' } } },
      ['loadBalancing.slowStart.duration: 0s'],
    ],
    [
      'a key without a name',
      hash({ hashOn: { type: 'Header' } }),
      ['loadBalancing.consistentHash.hashOn.name: nothing'],
    ],
    [
      'a key with a name that it has no use for',
      hash({ hashOn: { ...hashOn, name: 'x' } }),
      ['loadBalancing.consistentHash.hashOn.name: name'],
    ],
    [
      'a claim without a name',
      hash({ hashOn: { type: 'JWTClaim' } }),
      ['loadBalancing.consistentHash.hashOn.name: nothing'],
    ],
    [
      'a bound below the mean',
      hash({ hashOn, maxLoadPercent: 100 }),
      ['loadBalancing.consistentHash.maxLoadPercent: 100'],
    ],
    [
      'a negative count',
      { outlierDetection: { consecutive5xxErrors: -1 } },
      ['outlierDetection.consecutive5xxErrors: -1'],
    ],
    [
      'Istio’s old name',
      { outlierDetection: { consecutiveErrors: 1 } },
      ['outlierDetection.consecutiveErrors: consecutiveErrors'],
    ],
    [
      'an ejection that ends before it begins',
      { outlierDetection: { baseEjectionTime: '10s', maxEjectionTime: '9s' } },
      ['outlierDetection.maxEjectionTime: 9s'],
    ],
    ['more than all', { outlierDetection: { maxEjectionPercent: 101 } }, ['outlierDetection.maxEjectionPercent: 101']],
    [
      'a ratio of nothing',
      { outlierDetection: { successRatio: {} } },
      ['outlierDetection.successRatio.minimumPercent: nothing'],
    ],
    ['no limit', { limits: {} }, ['limits: {}']],
    ['a limit of nothing', { limits: { maxRequests: 0 } }, ['limits.maxRequests: 0']],
    ['waiting without a limit', { limits: { maxPendingRequests: 3 } }, ['limits.maxPendingRequests: 3']],
    ['a share above all', { retryBudget: { budget: { percent: 101 } } }, ['retryBudget.budget.percent: 101']],
    [
      'too short an interval',
      { retryBudget: { budget: { interval: '999ms' } } },
      ['retryBudget.budget.interval: 999ms'],
    ],
    [
      'too long an interval',
      { retryBudget: { minRetryRate: { interval: '61m' } } },
      ['retryBudget.minRetryRate.interval: 61m'],
    ],
    ['an empty pool', { pool: {} }, ['pool: {}']],
    ['a number for a duration', { pool: { connectTimeout: 5 } }, ['pool.connectTimeout: 5']],
    ['more than a timer can wait', { pool: { idleTimeout: '577h' } }, ['pool.idleTimeout: 577h']],
    [
      'a permanent cookie without an end',
      { sessionPersistence: { cookieConfig: { lifetimeType: 'Permanent' } } },
      ['sessionPersistence.absoluteTimeout: nothing'],
    ],
    ['sessions of no kind', { sessionPersistence: { type: 'Query' } }, ['sessionPersistence.type: Query']],
    [
      'a cookie for a header',
      { sessionPersistence: { type: 'Header', cookieConfig: {} } },
      ['sessionPersistence.cookieConfig: cookieConfig'],
    ],
    ['a header for a cookie', { sessionPersistence: { header: { name: 'a' } } }, ['sessionPersistence.header: header']],
    [
      'both forms',
      { sessionPersistence: { sessionName: 'a', cookie: { name: 'b' } } },
      ['sessionPersistence.sessionName: '],
    ],
    ['a cookie with a space', { sessionPersistence: { sessionName: 'a b' } }, ['sessionPersistence.sessionName: a b']],
    [
      'a path that could end the field',
      { sessionPersistence: { cookie: { path: '/a;Domain=b' } } },
      ['sessionPersistence.cookie.path: (not shown)'],
    ],
    [
      'a header with a meaning',
      { sessionPersistence: { type: 'Header', sessionName: 'Content-Length' } },
      ['sessionPersistence.sessionName: Content-Length'],
    ],
    [
      'a session of no time',
      { sessionPersistence: { absoluteTimeout: '0s' } },
      ['sessionPersistence.absoluteTimeout: 0s'],
    ],
    ['a session by list', { sessionPersistence: [] }, ['sessionPersistence: []']],
  ]
  for (const [name, spec, defects] of bad) {
    it(`has defects, and nothing of the part: ${name}`, () => {
      const policy = read({ targetRefs, ...spec })
      assert.deepEqual(defectsOf(policy), defects)
      if (policy.targetRefs.length > 0) assert.deepEqual(policy.parts, {})
    })
  }

  it('keeps the parts beside one that is wrong', () => {
    const policy = read({ targetRefs, limits: { maxRequests: 'many' }, pool: { idleTimeout: '1m' } })
    assert.deepEqual(policy.parts, { pool: { idleMs: 60_000 } })
    assert.equal(policy.defects.length, 1)
  })

  it('leaves out a target that cannot be read', () => {
    const refs = [
      { ...target, sectionName: 'http' },
      { ...target, sectionName: 1 },
      { ...target, port: 80 },
      { kind: 'Service' },
    ]
    const policy = read({ targetRefs: refs, retryBudget: {} })
    assert.deepEqual(policy.targetRefs, [{ ...target, sectionName: 'http', path: 'spec.targetRefs[0]' }])
    assert.deepEqual(defectsOf(policy), [
      'targetRefs[1].sectionName: 1',
      'targetRefs[2].port: port',
      'targetRefs[3].name: nothing',
    ])
  })

  for (const spec of [undefined, null, 'x', [], 1]) {
    it(`can be anything, as ${JSON.stringify(spec)}`, () => {
      const policy = read(spec)
      assert.deepEqual([policy.targetRefs, policy.parts], [[], {}])
      assert.ok(policy.defects.length > 0)
    })
  }
})

describe('an XBackendTrafficPolicy', () => {
  it('says two of the parts, and calls one of them retryConstraint', () => {
    const spec = { targetRefs, retryConstraint: { minRetryRate: { count: 3, interval: '1h' } }, sessionPersistence: {} }
    const policy = read(spec, decodeBackendTrafficPolicy)
    assert.deepEqual(defectsOf(policy), [])
    assert.deepEqual(policy.parts, {
      retryBudget: { ...defaultRetryBudget, minRetryRate: { count: 3, intervalMs: 3_600_000 } },
      sessionPersistence: { type: 'Cookie', lifetimeType: 'Session' },
    })
  })

  it('has no other parts, and no ports as targets', () => {
    const spec = { targetRefs: [{ ...target, sectionName: 'http' }], retryBudget: {}, limits: { maxRequests: 1 } }
    assert.deepEqual(defectsOf(read(spec, decodeBackendTrafficPolicy)), [
      'retryBudget: retryBudget',
      'limits: limits',
      'targetRefs[0].sectionName: sectionName',
      'spec: no part of it',
    ])
  })
})
