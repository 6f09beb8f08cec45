import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadText } from '../../../../test/support/load-text.ts'
import { aroundTelemetries, writeTelemetry } from '../../../../test/support/telemetry/telemetry-objects.ts'
import {
  base,
  collector,
  providers,
  translateTelemetries as run,
} from '../../../../test/support/telemetry/translate-telemetries.ts'
import { translate } from '../translate.ts'

const sampling = (percentage: number): string => `tracing: [{ randomSamplingPercentage: ${percentage} }]`

describe('the more special Telemetry', () => {
  const cases: readonly (readonly [
    name: string,
    objects: readonly string[],
    expected: readonly (readonly [service: string, from: string | undefined, percentage: number | undefined])[],
  ])[] = [
    ['none at all', [], [['shop/api', undefined, undefined]]],
    [
      'of the mesh is for all',
      [`istio-system mesh: ${sampling(1)}`],
      [
        ['shop/api', 'istio-system/mesh', 1],
        ['other/far', 'istio-system/mesh', 1],
      ],
    ],
    [
      'of the class comes behind that of the mesh',
      [`class ours: ${sampling(2)}`, `istio-system mesh: ${sampling(1)}`],
      [['shop/api', 'istio-system/mesh,istio-system/ours', 2]],
    ],
    [
      'of the waypoint’s namespace comes behind that, and is for all that the waypoint serves',
      [`shop home: ${sampling(3)}`, `class ours: ${sampling(2)}`],
      [
        ['shop/api', 'istio-system/ours,shop/home', 3],
        ['other/far', 'istio-system/ours,shop/home', 3],
      ],
    ],
    [
      'of the waypoint comes behind that of its namespace',
      [`gateway all: ${sampling(4)}`, `shop home: ${sampling(3)}`],
      [
        ['shop/api', 'shop/home,shop/all', 4],
        ['other/far', 'shop/home,shop/all', 4],
      ],
    ],
    [
      'of another namespace comes behind that of the waypoint, for its Services only',
      [`other theirs: ${sampling(5)}`, `gateway all: ${sampling(4)}`],
      [
        ['shop/api', 'shop/all', 4],
        ['other/far', 'shop/all,other/theirs', 5],
      ],
    ],
    [
      'of a Service comes last, for it only',
      [`Service shop/api one: ${sampling(6)}`, `gateway all: ${sampling(4)}`, `istio-system mesh: ${sampling(1)}`],
      [
        ['shop/api', 'istio-system/mesh,shop/all,shop/one', 6],
        ['shop/web', 'istio-system/mesh,shop/all', 4],
      ],
    ],
  ]
  for (const [name, objects, expected] of cases) {
    it(name, () => {
      for (const order of [objects, objects.toReversed()]) {
        const { of } = run(order)
        for (const [service, from, percentage] of expected) {
          const policy = of(service)
          assert.deepEqual([policy?.key, policy?.tracing?.samplingPercentage], [from, percentage], service)
        }
      }
    })
  }

  it('is not that of a Service for Pods themselves', () => {
    assert.equal(run([`Service shop/api one: ${sampling(6)}`, `gateway all: ${sampling(4)}`]).pods, 'shop/all')
  })

  it('leaves what it does not say to the levels above', () => {
    const { of } = run([
      'istio-system mesh: tracing: [{ providers: [{ name: otel }], customTags: { a: { literal: { value: x } } }, enableIstioTags: false }]',
      'shop home: tracing: [{ disableSpanReporting: true, customTags: { b: { header: { name: B } } } }]',
      `Service shop/api one: ${sampling(50)}`,
    ])
    assert.deepEqual(of('shop/api')?.tracing, {
      provider: 'otel',
      isDisabled: true,
      samplingPercentage: 50,
      customTags: [{ kind: 'header', name: 'b', header: 'b' }],
      hasIstioTags: false,
      samplesByRequestId: true,
      hidesContext: false,
    })
  })

  it('adds to the metrics of levels above, label by label', () => {
    const { of } = run([
      'istio-system mesh: metrics: [{ overrides: [{ tagOverrides: { path: { value: request.url_path } } }, { match: { metric: TCP_SENT_BYTES }, disabled: true }] }]',
      'shop home: metrics: [{ overrides: [{ match: { metric: REQUEST_COUNT }, tagOverrides: { path: { operation: REMOVE }, response_code: { operation: REMOVE } } }] }]',
      'Service shop/api one: metrics: [{ overrides: [{ match: { metric: RESPONSE_SIZE, mode: SERVER }, disabled: true }, { match: { metric: REQUEST_SIZE }, disabled: false }] }]',
    ])
    const overrides = of('shop/api')?.metrics?.overrides ?? []
    const path = { kind: 'upsert', name: 'path', expression: 'request.url_path' }
    assert.deepEqual(overrides.map(({ metric, isDisabled }) => `${metric} ${isDisabled}`).slice(0, 4), [
      'REQUEST_COUNT false',
      'REQUEST_DURATION false',
      'REQUEST_SIZE false',
      'RESPONSE_SIZE true',
    ])
    assert.equal(overrides.length, 10)
    assert.deepEqual(overrides[0]?.tags, [
      { kind: 'remove', name: 'path' },
      { kind: 'remove', name: 'response_code' },
    ])
    assert.deepEqual(overrides[2]?.tags, [path])
    const byMetric = new Map(of('shop/web')?.metrics?.overrides.map((one) => [one.metric, one]))
    assert.deepEqual(
      [...byMetric.values()].filter(({ isDisabled }) => isDisabled).map(({ metric }) => metric),
      ['TCP_SENT_BYTES'],
    )
  })
})

describe('access logs', () => {
  const cases: readonly (readonly [name: string, mesh: object, objects: readonly string[], expected: unknown])[] = [
    ['nobody says anything: the flags do', {}, [], undefined],
    ['only the file of the mesh', { accessLogFile: '/dev/stdout' }, [], [{ provider: 'MeshConfig.accessLogFile' }]],
    [
      'a default provider takes the place of the file',
      { accessLogFile: '/dev/stdout', defaultProviders: { accessLogging: ['records'] } },
      [],
      [{ provider: 'records' }],
    ],
    [
      'one that every mesh has',
      {},
      ['istio-system a: accessLogging: [{ providers: [{ name: envoy }] }]'],
      [{ provider: 'envoy' }],
    ],
    [
      'by another case',
      {},
      ['istio-system a: accessLogging: [{ providers: [{ name: FILE }] }]'],
      [{ provider: 'file' }],
    ],
    [
      'a filter without a provider is for those above',
      {},
      ['istio-system a: accessLogging: [{ filter: { expression: response.code >= 500 } }]'],
      [{ filter: 'response.code >= 500' }],
    ],
    ['disabled', { accessLogFile: '/dev/stdout' }, ['shop a: accessLogging: [{ disabled: true }]'], []],
    [
      'disabled above and named again',
      {},
      [
        'istio-system a: accessLogging: [{ providers: [{ name: file }], disabled: true }]',
        'Service shop/api b: accessLogging: [{ providers: [{ name: file }] }]',
      ],
      [{ provider: 'file' }],
    ],
    [
      'another provider takes the place of those above',
      {},
      [
        'istio-system a: accessLogging: [{ providers: [{ name: file }] }]',
        'shop b: accessLogging: [{ providers: [{ name: records }], filter: { expression: response.code == 503 } }]',
      ],
      [{ provider: 'records', filter: 'response.code == 503' }],
    ],
    [
      'several of one object',
      {},
      [
        'shop b: accessLogging: [{ providers: [{ name: records }] }, { providers: [{ name: file }], filter: { expression: response.code == 503 } }]',
      ],
      [{ provider: 'file', filter: 'response.code == 503' }, { provider: 'records' }],
    ],
    [
      'of clients only',
      { defaultProviders: { accessLogging: ['file'] } },
      ['shop b: accessLogging: [{ match: { mode: CLIENT }, disabled: true }]'],
      [{ provider: 'file' }],
    ],
  ]
  for (const [name, mesh, objects, expected] of cases) {
    it(name, () => assert.deepEqual(run(objects, mesh).of('shop/api')?.accessLogs?.logs, expected))
  }
})

describe('traces', () => {
  it('go to the default provider, as the MeshConfig has it', () => {
    const mesh = { defaultProviders: { tracing: ['otel'] }, defaultConfig: { tracing: { sampling: 7 } } }
    const { of, named } = run([], mesh)
    assert.deepEqual([of('shop/api')?.tracing?.provider, of('shop/api')?.tracing?.samplingPercentage], ['otel', 7])
    assert.deepEqual([of('shop/api')?.key, named], ['mesh', ['otel']])
  })

  it('have paths as long as their provider says, else as the MeshConfig does', () => {
    const named = { name: 'short', opentelemetry: { ...collector, maxTagLength: 32 } }
    const mesh = { extensionProviders: [...providers, named], defaultConfig: { tracing: { maxPathTagLength: 64 } } }
    const lengthWith = (provider: string): number | undefined =>
      run([`istio-system mesh: tracing: [{ providers: [{ name: ${provider} }] }]`], mesh).of('shop/api')?.tracing
        ?.maxPathTagLength
    assert.deepEqual([lengthWith('short'), lengthWith('otel')], [32, 64])
  })

  it('that are meant for somebody who cannot have them go to nobody else', () => {
    const mesh = { defaultProviders: { tracing: ['otel'] } }
    const { of, conditions } = run(['Service shop/api a: tracing: [{ providers: [{ name: old }] }]'], mesh)
    assert.deepEqual([of('shop/api')?.tracing?.provider, of('shop/api')?.tracing?.isDisabled], [undefined, true])
    assert.equal(of('shop/web')?.tracing?.isDisabled, false)
    assert.match(conditions[1] ?? '', /provider old is zipkin, which is not supported: use opentelemetry.*no spans/)
  })
})

describe('a Telemetry is told', () => {
  const cases: readonly (readonly [name: string, objects: readonly string[], expected: readonly RegExp[]])[] = [
    [
      'where it is in force',
      [`istio-system a: ${sampling(1)}`],
      [/^a Accepted True Accepted: in force on all waypoints of the mesh$/],
    ],
    [
      'of a Service that is not there',
      [`Service shop/apo a: ${sampling(1)}`],
      [/^a Accepted False TargetNotFound: .*Service shop\/apo is none/],
    ],
    [
      'of a namespace without Services of ours',
      [`elsewhere a: ${sampling(1)}`],
      [/^a Accepted False TargetNotFound: .*elsewhere/],
    ],
    ['with nothing in it', ['shop a: '], [/^a Accepted False UnsupportedValue: it says nothing/]],
    [
      'with a section of nothing',
      ['shop a: tracing: [{}]'],
      [/^a Accepted False UnsupportedValue: its sections say nothing/],
    ],
    [
      'for sidecars',
      ['shop a: selector: { matchLabels: { app: x } }, tracing: []'],
      [/^a Accepted False TargetNotFound: spec.selector: .*targetRefs/],
    ],
    [
      'that it is about others, where it names us',
      [`gateway a: tracing: [{ match: { mode: CLIENT }, randomSamplingPercentage: 1 }]`],
      [/^a Accepted False UnsupportedValue: .*spec.tracing\[0\].match.mode: .*a waypoint is a server/],
    ],
    [
      'nothing, where it is about others and for everybody',
      [`shop a: tracing: [{ match: { mode: CLIENT }, randomSamplingPercentage: 1 }]`],
      [],
    ],
    [
      'that an older one has its place',
      [`shop a: ${sampling(1)}`, `shop b: ${sampling(2)}`],
      [/^a Accepted True/, /^b Accepted False Conflicted: not in force: spec.tracing: Telemetry shop\/a is older/],
    ],
    [
      'that an older one has part of its place',
      [`shop a: ${sampling(1)}`, `shop b: ${sampling(2)}, accessLogging: [{ disabled: true }]`],
      [
        /^a Accepted True/,
        /^b Accepted True/,
        /^b Conflicted True Conflicted: spec.tracing: Telemetry shop\/a is older/,
      ],
    ],
    [
      'of a provider that nobody knows, and whom there are',
      ['shop a: accessLogging: [{ providers: [{ name: fil }, { name: otel }, { name: file }] }]'],
      [
        /^a Accepted True/,
        /providers\[0\]: there is no provider fil: .*mesh.yaml.*known are .*file.*providers\[1\]: provider otel is opentelemetry, which is not for accessLogging/,
      ],
    ],
    [
      'of tags that cannot be',
      [
        'shop a: metrics: [{ overrides: [{ tagOverrides: { le: { value: "1" }, 1a: { value: "1" }, reporter: { operation: REMOVE }, request_protocl: { operation: REMOVE }, mine: { operation: REMOVE }, bad: { value: request.pat }, good: { value: request.path } } }] }]',
      ],
      [
        /^a Accepted True/,
        /tagOverrides.le: .*tagOverrides.1a: .*tagOverrides.reporter: .*tagOverrides.request_protocl: .*did you mean request_protocol\?; .*tagOverrides.bad: request.pat: column 1: /,
      ],
    ],
    [
      'of what metrics cannot do',
      ['shop a: metrics: [{ reportingInterval: 5s, overrides: [{ match: { customMetric: mine }, disabled: true }] }]'],
      [
        /^a Accepted False UnsupportedValue: without effect: spec.metrics\[0\].reportingInterval: .*customMetric: there is no metric mine/,
      ],
    ],
    [
      'of labels beyond those that an object may change, whatever section they stand in',
      [
        `shop a: metrics: [${Array.from({ length: 34 }, (_, i) => `{ overrides: [{ tagOverrides: { t${i}: { value: request.path } } }] }`).join(', ')}]`,
      ],
      [/^a Accepted True/, /metrics\[32\].*tagOverrides.t32: is one too many.*32 labels.*t33: is one too many/],
    ],
    [
      'of an expression without end by its beginning',
      [`shop a: accessLogging: [{ filter: { expression: "${'a && '.repeat(1000)}b" } }]`],
      [/^a Accepted True/, /^.{1,400}$/],
    ],
    [
      'of a tag whose format cannot be read',
      ['shop a: tracing: [{ customTags: { t: { formatter: { value: "%NOTHING%" } } } }]'],
      [/^a Accepted True/, /spec.tracing\[0\].customTags.t.formatter.value: column \d+: .*left out/],
    ],
    [
      'of a filter that cannot be read',
      ['shop a: accessLogging: [{ filter: { expression: "response.cod > 4" } }]'],
      [/^a Accepted True/, /filter.expression: response.cod > 4: column 1: .*without it all is logged/],
    ],
    [
      'of fields of the future',
      [`shop a: tracing: [{ randomSamplingPercentage: 1, later: 1 }], soon: 1`.replace(', soon: 1', '')],
      [/^a Accepted True/, /spec.tracing\[0\].later: is not known/],
    ],
  ]
  for (const [name, objects, expected] of cases) {
    it(name, () => {
      const { conditions } = run(objects)
      assert.equal(conditions.length, expected.length, conditions.join('\n'))
      for (const [index, condition] of conditions.entries()) assert.match(condition, expected[index] ?? /never/)
    })
  }

  it('what cannot be read of it, and is left out whole', () => {
    const text = `${aroundTelemetries}\n---\n${writeTelemetry('shop a: tracing: [{ randomSamplingPercentage: 200 }]', 0)}`
    const { objects, issues } = loadText('t.yaml', text)
    assert.deepEqual(
      issues.map(({ path, found }) => [path, found]),
      [['spec.tracing[0].randomSamplingPercentage', '200']],
    )
    const { model, conditions } = translate(objects, base)
    assert.equal(model.telemetry, undefined)
    assert.ok(conditions.some(({ object, reason }) => object.name === 'a' && reason === 'Invalid'))
  })
})
