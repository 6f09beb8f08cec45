import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeMeshConfig } from './mesh-config.ts'
import type { MeshProvider } from './provider.ts'

const decodeOne = (provider: object): MeshProvider | undefined => {
  const decoded = decodeMeshConfig({ extensionProviders: [provider] })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value.config.providers[0]
}

const at = { service: 'authz.shop.svc.cluster.local', port: 9000 }

const defaults = { timeoutMs: 2000, failOpen: false, statusOnError: 403 }

describe('an extension provider', () => {
  it('that speaks gRPC gets all fields, and may do what it wants', () => {
    assert.deepEqual(decodeOne({ name: 'opa', envoyExtAuthzGrpc: at }), {
      name: 'opa',
      service: { namespace: undefined, hostname: 'authz.shop.svc.cluster.local' },
      port: 9000,
      settings: {
        protocol: 'grpc',
        ...defaults,
        addedHeaders: [],
        answer: { toUpstream: 'all', toDownstreamOnAllow: 'all', toDownstreamOnDeny: 'all' },
        pathPrefix: '',
      },
    })
  })

  it('that speaks HTTP gets one field, and may do nothing', () => {
    const settings = {
      protocol: 'http',
      ...defaults,
      shownHeaders: [{ kind: 'exact', text: 'authorization' }],
      addedHeaders: [],
      answer: { toUpstream: [], toDownstreamOnAllow: [], toDownstreamOnDeny: 'all' },
      pathPrefix: '',
    }
    assert.deepEqual(decodeOne({ name: 'opa', envoyExtAuthzHttp: at })?.settings, settings)
  })

  it('says all of it', () => {
    const written = {
      service: 'shop/authz.shop.svc.cluster.local',
      port: 80,
      timeout: '0.25s',
      failOpen: true,
      statusOnError: '503',
      pathPrefix: '/check',
      includeHeadersInCheck: ['X-Old'],
      includeRequestHeadersInCheck: ['Cookie', 'x-a*', '*-ID'],
      includeAdditionalHeadersInCheck: { 'X-From': 'waypoint' },
      includeRequestBodyInCheck: { maxRequestBytes: 1024, allowPartialMessage: true, packAsBytes: true },
      headersToUpstreamOnAllow: ['X-User'],
      headersToDownstreamOnAllow: ['x-rate*'],
      headersToDownstreamOnDeny: ['x-why'],
    }
    const exact = (text: string) => ({ kind: 'exact', text })
    assert.deepEqual(decodeOne({ name: 'a', envoyExtAuthzHttp: written }), {
      name: 'a',
      service: { namespace: 'shop', hostname: 'authz.shop.svc.cluster.local' },
      port: 80,
      settings: {
        protocol: 'http',
        timeoutMs: 250,
        failOpen: true,
        statusOnError: 503,
        body: { maxBytes: 1024, allowsPartial: true, asBytes: true },
        shownHeaders: [
          exact('authorization'),
          exact('x-old'),
          exact('cookie'),
          { kind: 'prefix', text: 'x-a' },
          { kind: 'suffix', text: '-id' },
        ],
        addedHeaders: [['x-from', 'waypoint']],
        answer: {
          toUpstream: [exact('x-user')],
          toDownstreamOnAllow: [{ kind: 'prefix', text: 'x-rate' }],
          toDownstreamOnDeny: [exact('x-why')],
        },
        pathPrefix: '/check',
      },
    })
  })

  const bad: readonly (readonly [name: string, fields: object, path: string, found: string])[] = [
    ['no service', { service: null }, 'service', 'nothing'],
    ['no host', { service: 'a/b/c' }, 'service', 'a/b/c'],
    ['no port', { port: undefined }, 'port', 'nothing'],
    ['a port that is none', { port: 0 }, 'port', '0'],
    ['no time at all', { timeout: '0s' }, 'timeout', '0s'],
    ['a time without a unit', { timeout: '5' }, 'timeout', '"5"'],
    ['a number for a time', { timeout: 5 }, 'timeout', '5'],
    ['a status that is none', { statusOnError: '99' }, 'statusOnError', '"99"'],
    ['a text for a truth', { failOpen: 'yes' }, 'failOpen', 'yes'],
    ['another spelling', { failopen: true }, 'failopen', 'failopen'],
    [
      'an empty body',
      { includeRequestBodyInCheck: { maxRequestBytes: 0 } },
      'includeRequestBodyInCheck.maxRequestBytes',
      '0',
    ],
    [
      'too large a body',
      { includeRequestBodyInCheck: { maxRequestBytes: 16_777_217 } },
      'includeRequestBodyInCheck.maxRequestBytes',
      '16777217',
    ],
    ['a body of no size', { includeRequestBodyInCheck: {} }, 'includeRequestBodyInCheck.maxRequestBytes', 'nothing'],
    ['presence of a field', { headersToUpstreamOnAllow: ['*'] }, 'headersToUpstreamOnAllow[0]', '*'],
    ['an asterisk inside', { headersToUpstreamOnAllow: ['a*b'] }, 'headersToUpstreamOnAllow[0]', 'a*b'],
    ['a prefix that is no path', { pathPrefix: 'check' }, 'pathPrefix', 'check'],
    ['a prefix with a query', { pathPrefix: '/check?a' }, 'pathPrefix', '/check?a'],
    [
      'a field that is none',
      { includeAdditionalHeadersInCheck: { 'a b': 'c' } },
      'includeAdditionalHeadersInCheck["a b"]',
      'a b',
    ],
    [
      'two lines in a field',
      { includeAdditionalHeadersInCheck: { a: 'b\nc' } },
      'includeAdditionalHeadersInCheck.a',
      '(not shown)',
    ],
  ]
  for (const [name, fields, path, found] of bad) {
    it(`has ${name}: refused`, () => {
      const decoded = decodeMeshConfig({ extensionProviders: [{ name: 'a', envoyExtAuthzHttp: { ...at, ...fields } }] })
      assert.ok(!decoded.ok)
      const prefix = 'extensionProviders[0].envoyExtAuthzHttp.'
      assert.deepEqual(
        decoded.issues.map((issue) => [issue.path, issue.found]),
        [[prefix + path, found]],
      )
    })
  }

  it('of gRPC has no header rules', () => {
    const decoded = decodeMeshConfig({
      extensionProviders: [{ name: 'a', envoyExtAuthzGrpc: { ...at, headersToUpstreamOnAllow: [] } }],
    })
    assert.ok(!decoded.ok)
    assert.equal(decoded.issues[0]?.path, 'extensionProviders[0].envoyExtAuthzGrpc.headersToUpstreamOnAllow')
  })

  it('is of one kind, and has a name of its own', () => {
    const both = { name: 'a', envoyExtAuthzGrpc: at, envoyExtAuthzHttp: at }
    assert.ok(!decodeMeshConfig({ extensionProviders: [both] }).ok)
    const one = { name: 'a', envoyExtAuthzGrpc: at }
    const twice = decodeMeshConfig({ extensionProviders: [one, { name: 'z', zipkin: {} }, one] })
    assert.ok(!twice.ok)
    assert.deepEqual(
      twice.issues.map(({ path, found }) => [path, found]),
      [['extensionProviders[2].name', 'a']],
    )
  })
})

const collector = { service: 'otel.observability.svc.cluster.local', port: 4317 }

const decodeTold = (mesh: object) => {
  const decoded = decodeMeshConfig(mesh)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

describe('an extension provider that is told something', () => {
  const where = { hostname: collector.service, port: 4317 }
  const cases: readonly (readonly [name: string, written: object, expected: object])[] = [
    ['Prometheus', { prometheus: {} }, { kind: 'prometheus', name: 'a' }],
    [
      'a collector of spans',
      { opentelemetry: collector },
      { kind: 'opentelemetry', name: 'a', collector: where, headers: [], detectsEnvironment: false },
    ],
    [
      'a collector of spans by HTTP, with headers',
      {
        opentelemetry: {
          ...{
            ...collector,
            service: `obs/${collector.service}`,
            maxTagLength: 99,
            resourceDetectors: { environment: {} },
          },
          http: {
            path: '/api',
            timeout: '2s',
            headers: [
              { name: 'X-Key', value: 'k' },
              { name: 'y', envName: 'KEY' },
            ],
          },
        },
      },
      {
        kind: 'opentelemetry',
        name: 'a',
        collector: { namespace: 'obs', ...where },
        http: { path: '/api' },
        headers: [
          { kind: 'value', name: 'x-key', value: 'k' },
          { kind: 'environment', name: 'y', variable: 'KEY' },
        ],
        timeoutMs: 2000,
        detectsEnvironment: true,
        maxTagLength: 99,
      },
    ],
    ['a file', { envoyFileAccessLog: {} }, { kind: 'file-log', name: 'a', path: '/dev/stdout' }],
    [
      'a file with a format of its own',
      {
        envoyFileAccessLog: {
          path: '/var/log/a',
          logFormat: { labels: { s: '%RESPONSE_CODE%', n: { a: [1, true] } } },
        },
      },
      {
        kind: 'file-log',
        name: 'a',
        path: '/var/log/a',
        format: { kind: 'labels', labels: { s: '%RESPONSE_CODE%', n: { a: [1, true] } }, omitsEmpty: false },
      },
    ],
    [
      'a collector of log records',
      { envoyOtelAls: { ...collector, logFormat: { text: '%PROTOCOL%' } } },
      { kind: 'otel-log', name: 'a', collector: where, format: { text: '%PROTOCOL%' } },
    ],
    ['a kind that cannot be carried out', { zipkin: collector }, { kind: 'unsupported', name: 'a', field: 'zipkin' }],
  ]
  for (const [name, written, expected] of cases) {
    it(`is ${name}`, () => {
      const { config } = decodeTold({ extensionProviders: [{ name: 'a', ...written }] })
      assert.deepEqual(config.telemetry.providers, [expected])
    })
  }

  it('is named for what of it has no effect', () => {
    const { unused } = decodeTold({
      extensionProviders: [
        { name: 'a', opentelemetry: { ...collector, dynatraceSampler: {}, resourceDetectors: { dynatrace: {} } } },
        { name: 'b', lightstep: { accessToken: 'x' } },
        { name: 'c', novelty: {} },
      ],
      defaultConfig: { concurrency: 2, tracing: { sampling: 5, zipkin: { address: 'z' } } },
    })
    assert.deepEqual(unused, [
      'extensionProviders[0].opentelemetry.dynatraceSampler',
      'extensionProviders[0].opentelemetry.resourceDetectors.dynatrace',
      'extensionProviders[1].lightstep',
      'extensionProviders[2].novelty',
      'defaultConfig.concurrency',
      'defaultConfig.tracing.zipkin',
    ])
  })

  const bad: readonly (readonly [name: string, written: object, path: string, found: string])[] = [
    ['no port', { opentelemetry: { service: 'a' } }, 'opentelemetry.port', 'nothing'],
    ['two transports', { opentelemetry: { ...collector, http: {}, grpc: {} } }, 'opentelemetry.grpc', 'http and grpc'],
    [
      'a secret and where it is',
      { opentelemetry: { ...collector, grpc: { initialMetadata: [{ name: 'a' }] } } },
      'opentelemetry.grpc.initialMetadata[0]',
      'nothing',
    ],
    ['a relative path', { envoyFileAccessLog: { path: 'a.log' } }, 'envoyFileAccessLog.path', 'a.log'],
    [
      'two formats',
      { envoyFileAccessLog: { logFormat: { text: 'a', labels: {} } } },
      'envoyFileAccessLog.logFormat',
      'text and labels',
    ],
    [
      'a format that is none',
      { envoyOtelAls: { ...collector, logFormat: { labels: { a: null } } } },
      'envoyOtelAls.logFormat.labels.a',
      'null',
    ],
    ['two kinds', { prometheus: {}, zipkin: {} }, 'zipkin', 'prometheus, zipkin'],
  ]
  for (const [name, written, path, found] of bad) {
    it(`has ${name}: refused`, () => {
      const decoded = decodeMeshConfig({ extensionProviders: [{ name: 'a', ...written }] })
      assert.ok(!decoded.ok)
      const issues = decoded.issues.map((issue) => [issue.path, issue.found])
      assert.deepEqual(issues, [[`extensionProviders[0].${path}`, found]])
    })
  }
})

describe('a MeshConfig', () => {
  it('says what is told where no Telemetry object does', () => {
    const { config } = decodeTold({
      defaultProviders: { tracing: ['a'], accessLogging: [] },
      accessLogFile: '/dev/stdout',
      accessLogEncoding: 'JSON',
      accessLogFormat: '{"status": "%RESPONSE_CODE%"}',
      defaultConfig: {
        tracing: {
          ...{ sampling: 12.5, maxPathTagLength: 64, enableIstioTags: false },
          customTags: {
            z: { literal: { value: 'v' } },
            e: { environment: { name: 'POD', defaultValue: 'd' } },
            h: { header: { name: 'X-H' } },
          },
        },
      },
    })
    assert.deepEqual(config.telemetry, {
      providers: [],
      defaults: { tracing: ['a'], accessLogging: [] },
      log: {
        ...{ kind: 'file-log', name: 'MeshConfig.accessLogFile', path: '/dev/stdout' },
        format: { kind: 'labels', labels: { status: '%RESPONSE_CODE%' }, omitsEmpty: false },
      },
      tracing: {
        ...{ samplingPercentage: 12.5, maxPathTagLength: 64, hasIstioTags: false },
        customTags: [
          { kind: 'environment', name: 'e', variable: 'POD', defaultValue: 'd' },
          { kind: 'header', name: 'h', header: 'x-h' },
          { kind: 'literal', name: 'z', value: 'v' },
        ],
      },
    })
  })

  const first = 'extensionProviders[0]'
  const file = (logFormat: object) => ({ extensionProviders: [{ name: 'a', envoyFileAccessLog: { logFormat } }] })
  const records = (logFormat: object) => ({
    extensionProviders: [{ name: 'a', envoyOtelAls: { ...collector, logFormat } }],
  })
  const jsonLog = { accessLogFile: '/log', accessLogEncoding: 'JSON' }
  const formats: readonly (readonly [mesh: object, path: string, message: RegExp, left: object | undefined])[] = [
    [
      { accessLogFile: '/log', accessLogFormat: 'a %DURATON%' },
      ...(['accessLogFormat', /^column 3: .*did you mean %DURATION%/, undefined] as const),
    ],
    [
      { ...jsonLog, accessLogFormat: '{"b":"%FILTER_STATE(x)%"}' },
      ...(['accessLogFormat.b', /^column 1: .*use CEL/, { kind: 'labels', omitsEmpty: false }] as const),
    ],
    [
      { ...jsonLog, accessLogFormat: '%PROTOCOL%' },
      ...(['accessLogFormat', /^wrong value/, { kind: 'labels', omitsEmpty: false }] as const),
    ],
    [file({ text: '100%' }), `${first}.envoyFileAccessLog.logFormat.text`, /^column 4: /, undefined],
    [
      file({ labels: { a: { b: '%REQ%' } } }),
      ...([
        `${first}.envoyFileAccessLog.logFormat.labels.a.b`,
        /wants/,
        { kind: 'labels', omitsEmpty: false },
      ] as const),
    ],
    [records({ text: '%NO%' }), `${first}.envoyOtelAls.logFormat.text`, /column 1/, undefined],
    [
      records({ text: 'a', labels: { b: '%NO%' } }),
      ...([`${first}.envoyOtelAls.logFormat.labels.b`, /column 1/, { text: 'a' }] as const),
    ],
  ]
  for (const [mesh, path, message, left] of formats) {
    it(`is in force without a format that has a fault at ${path}, which is told`, () => {
      const { config, faults } = decodeTold({ ...mesh, trustDomain: 'td1' })
      assert.equal(config.trustDomain, 'td1')
      assert.deepEqual(
        faults.map((fault) => fault.path),
        [path],
      )
      assert.match(faults[0]?.message ?? '', message)
      assert.match(faults[0]?.message ?? '', / \(until it is mended Istio's own format is written\)$/)
      const { log, providers } = config.telemetry
      const [told] = log === undefined ? providers : [log]
      assert.ok(told !== undefined)
      assert.deepEqual('format' in told ? told.format : undefined, left)
    })
  }
})
