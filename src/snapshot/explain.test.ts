import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { backendOf, endpointsOf, matchOf, modelOf, noFilters, routeOf, serviceOf } from '../../test/support/models.ts'
import { defaultOutlierDetection, defaultRetryBudget } from '../model/backend/backend-defaults.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { Model } from '../model/model.ts'
import type { Backend, Mirror, Rule } from '../model/route.ts'
import type { TelemetryPolicy } from '../model/telemetry/telemetry-policy.ts'
import { compile } from './compile.ts'
import { explainRequest } from './explain.ts'
import type { Snapshot } from './snapshot.ts'

const mirrorTo = (name: string, numerator: number, denominator = 100): Mirror => {
  const { service, endpoints } = backendOf(name)
  return { service, endpoints, numerator, denominator, origin: 'HTTPRoute shop/a rules[0].filters[0]' }
}

const mirrored: Backend = { ...backendOf('api'), mirrors: [mirrorTo('shadow', 1, 8)] }
const closed: EndpointSet = { ...endpointsOf('api', []), closed: 'BackendTLSPolicy shop/api: no such ConfigMap' }
const inTls = (tls: Partial<EndpointSet['tls']> = {}): EndpointSet => ({
  ...endpointsOf('api', ['10.1.0.1']),
  tls: { hostname: 'api.internal', subjectAltNames: [], ca: ['PEM', 'PEM'], ...tls },
})

/** The lines between the winner and those that lost. */
const linesOf = (rule: Partial<Rule>, endpoints: readonly EndpointSet[] = []): readonly string[] => {
  const model = modelOf([routeOf('a', [rule])], { endpoints })
  const snapshot = compile(model, { generation: 1, filters: noFilters })
  const query = { authority: '10.96.0.12:80', method: 'GET', target: '/', headers: [], sourceNamespace: 'web' }
  return explainRequest(snapshot, query).reasons.slice(2)
}

const cases: readonly {
  readonly what: string
  readonly rule: Partial<Rule>
  readonly endpoints?: readonly EndpointSet[]
  readonly lines: readonly string[]
}[] = [
  { what: 'a rule without any of it', rule: {}, lines: [] },
  {
    what: 'timeouts',
    rule: { timeouts: { requestMs: 10_000, backendRequestMs: 2000 } },
    lines: ['timeouts: request 10s, each try 2s'],
  },
  { what: 'one timeout', rule: { timeouts: { backendRequestMs: 1500 } }, lines: ['timeouts: each try 1s500ms'] },
  { what: 'timeouts that are none', rule: { timeouts: {} }, lines: [] },
  {
    what: 'retries',
    rule: { retry: { codes: [502, 503], attempts: 2, backoffMs: 25 } },
    lines: ['retries: 2 on 502, 503 after 25ms'],
  },
  {
    what: 'retries without codes and wait',
    rule: { retry: { codes: [], attempts: 1, backoffMs: 0 } },
    lines: ['retries: 1 on connection errors'],
  },
  {
    what: 'mirrors of the rule and of a backend',
    rule: { mirrors: [mirrorTo('shadow', 20), mirrorTo('other', 100)], backends: [mirrored] },
    lines: [
      'mirror: 20 of 100 to Service shop/shadow:80',
      'mirror: 100 of 100 to Service shop/other:80',
      'backend shop/api:80, mirror: 1 of 8 to Service shop/shadow:80',
    ],
  },
  {
    what: 'a backend and a mirror that are closed',
    rule: { mirrors: [mirrorTo('api', 100)] },
    endpoints: [closed],
    lines: [
      'mirror: 100 of 100 to Service shop/api:80, which is closed: BackendTLSPolicy shop/api: no such ConfigMap',
      'backend shop/api:80 is closed (503): BackendTLSPolicy shop/api: no such ConfigMap',
    ],
  },
  {
    what: 'a backend in TLS',
    rule: {},
    endpoints: [inTls()],
    lines: ['backend shop/api:80 is spoken to in TLS: name api.internal, by 2 configured roots'],
  },
  {
    what: 'a backend in TLS with names of its own',
    rule: {},
    endpoints: [inTls({ ca: 'System', subjectAltNames: [{ type: 'URI', value: 'spiffe://td/ns/shop/sa/api' }] })],
    lines: [
      "backend shop/api:80 is spoken to in TLS: name api.internal, one of spiffe://td/ns/shop/sa/api in its certificate, by the system's roots",
    ],
  },
  {
    what: 'sessions of the rule',
    rule: {
      sessionPersistence: {
        type: 'Cookie',
        name: 'basket',
        scope: 's',
        path: '/b',
        lifetimeType: 'Permanent',
        absoluteTimeoutMs: 3_600_000,
      },
    },
    lines: ['sessions by cookie basket of path /b, which outlives the browser, for 1h at most'],
  },
  {
    what: 'a policy, part by part',
    rule: {},
    endpoints: [
      {
        ...endpointsOf('api', ['10.1.0.1']),
        policy: {
          source: 'BackendPolicy shop/api',
          loadBalancing: { algorithm: 'ConsistentHash', key: { type: 'Header', name: 'x-user' }, maxLoadPercent: 150 },
          outlierDetection: {
            ...defaultOutlierDetection,
            successRatio: { minimumPercent: 80, minimumRequests: 100 },
          },
          limits: { maxConnections: 9, maxRequests: 200, maxPendingRequests: 50 },
          retryBudget: defaultRetryBudget,
          pool: { connectMs: 2000, idleMs: 60_000 },
          sessionPersistence: { type: 'Header', name: 'x-s', scope: 's', lifetimeType: 'Session' },
        },
      },
    ],
    lines: [
      'backend shop/api:80 is balanced by ConsistentHash of header x-user, at most 150 % of the mean load each (BackendPolicy shop/api)',
      'backend shop/api:80 ejects endpoints after 5 5xx in a row, 3 failures of our own to reach them in a row, less than 80 % good answers in 10s with 100 or more: for 1s to 8s, 50 % of them at most (BackendPolicy shop/api)',
      'backend shop/api:80 takes at most 9 connections, 200 requests, 50 that wait (BackendPolicy shop/api)',
      'backend shop/api:80 has retries for 20 % of the requests of 10s, or 10 in 1s (BackendPolicy shop/api)',
      'backend shop/api:80 has connections with 2s to be made, 1m of idleness (BackendPolicy shop/api)',
      'backend shop/api:80 has sessions by header x-s where no route applies (BackendPolicy shop/api)',
    ],
  },
  {
    what: 'a policy of one part, endpoints that are near and others that stand aside',
    rule: {},
    endpoints: [
      {
        ...endpointsOf('api', ['10.1.0.1', '10.1.0.2']),
        endpoints: endpointsOf('api', ['10.1.0.1', '10.1.0.2']).endpoints.map((endpoint, index) =>
          index === 0 ? { ...endpoint, isNear: true as const } : endpoint,
        ),
        policy: {
          source: 'BackendPolicy shop/api',
          loadBalancing: { algorithm: 'LeastRequest', slowStart: { durationMs: 30_000, minimumPercent: 10 } },
        },
        aside: [
          { address: '10.1.0.3', port: 8080, reason: 'not-ready' },
          { address: 'fd00::4', port: 8080, reason: 'terminating' },
        ],
      },
    ],
    lines: [
      'backend shop/api:80 is balanced by LeastRequest, new ones with 10 % to begin with and all after 30s (BackendPolicy shop/api)',
      'backend shop/api:80 prefers 1 of 2 endpoints, which are near',
      'backend shop/api:80 has 2 endpoints aside, without requests: 10.1.0.3:8080 not-ready, [fd00::4]:8080 terminating',
    ],
  },
  {
    what: 'nothing of what a closed rule would do',
    rule: { closed: { status: 500, reason: 'no such filter' }, timeouts: { requestMs: 1000 } },
    endpoints: [inTls()],
    lines: ['refused with 500: no such filter'],
  },
]

for (const { what, rule, endpoints, lines } of cases) {
  test(`it tells how the winner is carried out: ${what}`, () => assert.deepEqual(linesOf(rule, endpoints), lines))
}

describe('a rule that sends nowhere', () => {
  const filter = (kind: string) => ({ kind, config: {}, origin: 'here' })
  const none = { ...backendOf('api'), weight: 0 }
  for (const [what, rule, method, status] of [
    ['has no backend', { backends: [] }, 'GET', 500],
    ['has none with a weight', { backends: [none] }, 'GET', 500],
    ['changes headers', { backends: [], filters: [filter('RequestHeaderModifier')] }, 'GET', 500],
    ['answers questions of browsers only', { backends: [], filters: [filter('CORS')] }, 'GET', 500],
    ['is asked by a browser', { backends: [], filters: [filter('CORS')] }, 'OPTIONS', undefined],
    ['redirects', { backends: [], filters: [filter('RequestRedirect')] }, 'GET', undefined],
    ['sends somewhere', { backends: [backendOf('api')] }, 'GET', undefined],
  ] as const) {
    it(`${what}: ${method} has the status ${status}`, () => {
      const filters = () => ({ stage: 'shape', filter: {} }) as const
      const snapshot = compile(modelOf([routeOf('a', [rule])]), { generation: 1, filters })
      const query = { authority: '10.96.0.12:80', method, target: '/', headers: [], sourceNamespace: 'web' }
      const explained = explainRequest(snapshot, query)
      assert.deepEqual([explained.outcome, explained.status], ['match', status])
      assert.equal(
        explained.reasons.some((line) => line.startsWith('the rule has no backend')),
        status === 500,
      )
    })
  }
})

test('it tells of the TLS of a Service that has no routes', () => {
  const model = modelOf([], { services: [serviceOf()], endpoints: [inTls()] })
  const snapshot = compile(model, { generation: 1, filters: noFilters })
  const query = { authority: '10.96.0.12:80', method: 'GET', target: '/', headers: [], sourceNamespace: undefined }
  assert.deepEqual(explainRequest(snapshot, query).reasons.slice(1), [
    'backend shop/api:80 is spoken to in TLS: name api.internal, by 2 configured roots',
  ])
})

test('how the winner is carried out stands before those that lost', () => {
  const routes = [routeOf('a', [{ timeouts: { requestMs: 1000 } }]), routeOf('b')]
  const snapshot = compile(modelOf(routes), { generation: 1, filters: noFilters })
  const query = { authority: '10.96.0.12:80', method: 'GET', target: '/', headers: [], sourceNamespace: 'web' }
  assert.deepEqual(explainRequest(snapshot, query).reasons.slice(2), [
    'timeouts: request 1s',
    'HTTPRoute/shop/b rule 0 fits too, with less precedence: PathPrefix path (1 character)',
  ])
})

describe('of a gRPC call that is refused', () => {
  const refused: Readonly<Record<string, readonly [rule: Partial<Rule>, target: string, line: string | undefined]>> = {
    'no rule': [{ matches: [matchOf({ path: { type: 'Exact', value: '/a/B' } })] }, '/a/C', '12 in place of 404'],
    'a closed rule': [{ closed: { status: 500, reason: 'the filter is unknown' } }, '/a/B', '14 in place of 500'],
    'no weight': [{ backends: [{ ...backendOf('api'), weight: 0 }] }, '/a/B', '14 in place of 500'],
    'a bad path': [{}, '/a/%00', '13 in place of 400'],
    'nothing, for it is served': [{}, '/a/B', undefined],
  }
  for (const [why, [rule, target, line]] of Object.entries(refused)) {
    it(`it tells the status of gRPC: ${why}`, () => {
      const snapshot = compile(modelOf([routeOf('a', [rule])]), { generation: 1, filters: noFilters })
      const tell = (type: string): string | undefined => {
        const headers = [['Content-Type', type]] as const
        const query = { authority: '10.96.0.12:80', method: 'POST', target, headers, sourceNamespace: 'web' }
        return explainRequest(snapshot, query).reasons.find((reason) => reason.includes('gRPC'))
      }
      assert.equal(tell('application/grpc+proto'), line && `a gRPC call is answered with grpc-status ${line}`)
      assert.equal(tell('application/grpc-web'), undefined)
    })
  }
})

test('endpoints that would not be picked, or not as often, are told of with why', () => {
  const addresses = Array.from({ length: 23 }, (_, i) => `10.1.0.${i}`)
  const model = modelOf([routeOf('a')], { endpoints: [endpointsOf('api', addresses)] })
  const snapshot = compile(model, { generation: 1, filters: noFilters })
  const query = { authority: '10.96.0.12:80', method: 'GET', target: '/', headers: [], sourceNamespace: 'web' }
  const ill = (limit: number) =>
    explainRequest(snapshot, query, {
      healthOf: ({ address }) => (Number(address.slice(7)) < limit ? 'ejected' : undefined),
    }).reasons
  assert.deepEqual(ill(1).slice(2), ['endpoint 10.1.0.0:8080 of shop/api:80 is ejected'])
  assert.deepEqual(ill(23).slice(-1), ['and 3 more endpoints like these'])
  assert.equal(ill(23).length, 2 + 21)
  assert.deepEqual(ill(0), explainRequest(snapshot, query).reasons)
})

test('of a connection too', () => {
  const services = [serviceOf({ protocol: 'tcp' })]
  const model = modelOf([], { services, endpoints: [endpointsOf('api', ['10.1.0.1'])] })
  const snapshot = compile(model, { generation: 1, filters: noFilters })
  const query = { authority: '10.96.0.12:80', method: 'GET', target: '/', headers: [], sourceNamespace: 'web' }
  const { reasons } = explainRequest(snapshot, query, { healthOf: () => 'on probation' })
  assert.deepEqual(reasons.slice(-1), ['endpoint 10.1.0.1:8080 of shop/api:80 is on probation'])
})

describe('AuthorizationPolicies', () => {
  const rule = (kind: 'source.principal' | 'request.path', values: readonly string[], path: string) => ({
    from: [],
    to: [[{ field: { kind }, values, notValues: [], path }]],
    when: [],
  })
  const authorizations: Model['authorizations'] = [
    {
      key: 'shop/admins',
      action: 'DENY',
      isDryRun: false,
      rules: [rule('request.path', ['/admin/*'], 'spec.rules[0].to[0].operation.paths')],
    },
    {
      key: 'shop/web',
      action: 'ALLOW',
      isDryRun: false,
      rules: [rule('source.principal', ['td/ns/shop/sa/web'], 'spec.rules[0].from[0].source.principals')],
    },
  ]
  const judged = (): Snapshot =>
    compile(
      modelOf([], {
        services: [serviceOf({ routes: [] }, { authorizations: ['shop/admins', 'shop/web'] })],
        authorizations,
      }),
      { generation: 1, filters: noFilters },
    )
  const ask = (target: string, serviceAccount: string) =>
    explainRequest(judged(), {
      authority: '10.96.0.12:80',
      method: 'GET',
      target,
      headers: [],
      sourceNamespace: 'shop',
      serviceAccount,
      trustDomain: 'td',
    })

  it('are told of, each with the first field that failed', () => {
    const { outcome, authorization, reasons } = ask('/a', 'web')
    assert.deepEqual(
      [outcome, authorization?.verdict, authorization?.decision.policy],
      ['pass-through', 'allow', 'shop/web'],
    )
    assert.deepEqual(reasons.slice(0, 2), [
      'allowed: AuthorizationPolicy shop/web rule 0 (ALLOW) matches',
      'AuthorizationPolicy shop/admins (DENY) rule 0 does not match: spec.rules[0].to[0].operation.paths is none of /admin/*',
    ])
  })

  it('that deny come before routes', () => {
    const denied = ask('/x/../admin/', 'web')
    assert.deepEqual([denied.outcome, denied.status, denied.backends], ['denied', 403, []])
    assert.equal(denied.reasons[0], 'denied: AuthorizationPolicy shop/admins rule 0 (DENY) matches')
    const notAllowed = ask('/a', 'cron')
    assert.deepEqual([notAllowed.outcome, notAllowed.status], ['denied', 403])
    assert.ok(notAllowed.reasons.includes('denied: no policy allows it'))
    assert.ok(
      notAllowed.reasons.includes(
        'AuthorizationPolicy shop/web (ALLOW) rule 0 does not match: spec.rules[0].from[0].source.principals is none of td/ns/shop/sa/web',
      ),
    )
  })
})

test('it tells how the exchange would be told of', () => {
  const policy: TelemetryPolicy = {
    key: 'istio-system/mesh,shop/api',
    metrics: {
      overrides: [
        {
          metric: 'REQUEST_COUNT',
          isDisabled: false,
          tags: [
            { kind: 'remove', name: 'response_code' },
            { kind: 'upsert', name: 'm', expression: 'request.method' },
          ],
        },
        { metric: 'REQUEST_SIZE', isDisabled: true, tags: [] },
        { metric: 'RESPONSE_SIZE', isDisabled: true, tags: [] },
      ],
    },
    accessLogs: { logs: [{ filter: 'response.code >= 500' }, { provider: 'file' }] },
    tracing: {
      provider: 'otel',
      isDisabled: false,
      samplingPercentage: 5,
      customTags: [],
      hasIstioTags: true,
      samplesByRequestId: true,
      hidesContext: false,
    },
  }
  const services = [serviceOf({}, { telemetry: policy.key })]
  const told = (tracing: TelemetryPolicy['tracing'], more: Partial<TelemetryPolicy> = {}): readonly string[] => {
    const { tracing: _tracing, ...rest } = policy
    const whole: TelemetryPolicy = { ...rest, ...more, ...(tracing === undefined ? {} : { tracing }) }
    const model = modelOf([], { services, telemetry: { providers: [], policies: [whole] } })
    const query = { authority: '10.96.0.12:80', method: 'GET', target: '/', headers: [], sourceNamespace: undefined }
    return explainRequest(compile(model, { generation: 1, filters: noFilters }), query).reasons.slice(1)
  }
  const from = '(Telemetry istio-system/mesh, shop/api)'
  const [metrics, logs] = told(undefined)
  assert.equal(
    metrics,
    `metrics: REQUEST_COUNT without response_code, m = request.method; REQUEST_SIZE, RESPONSE_SIZE not counted ${from}`,
  )
  assert.equal(logs, `access logs: as flags say if response.code >= 500; file ${from}`)
  assert.deepEqual(told(policy.tracing).slice(2), [`traces: 5 % to otel ${from}`])
  assert.equal(told(policy.tracing, { accessLogs: { logs: [] } })[1], `access logs: none ${from}`)
})

test('a policy of telemetry that did not change is the same object in the next snapshot, and a frontend goes by another', () => {
  const policy = (percentage: number): TelemetryPolicy => ({
    key: 'shop/api',
    tracing: {
      isDisabled: false,
      samplingPercentage: percentage,
      customTags: [],
      hasIstioTags: true,
      samplesByRequestId: true,
      hidesContext: false,
    },
  })
  const snapshotWith = (percentage: number, previous?: Snapshot): Snapshot => {
    const services = [serviceOf({}, { telemetry: 'shop/api' })]
    const model = modelOf([], { services, telemetry: { providers: [], policies: [policy(percentage)] } })
    return compile(model, { generation: 1, filters: noFilters, previous })
  }
  const telemetryIn = ({ frontends }: Snapshot): TelemetryPolicy | undefined =>
    frontends.get('10.96.0.12:80')?.telemetry
  const first = snapshotWith(1)
  const second = snapshotWith(1, first)
  assert.ok(telemetryIn(first) !== undefined && telemetryIn(second) === telemetryIn(first))
  assert.equal(telemetryIn(snapshotWith(2, second))?.tracing?.samplingPercentage, 2)
})
