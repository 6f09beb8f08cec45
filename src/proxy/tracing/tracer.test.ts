import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExchangeRecord } from '../../filter/record.ts'
import { HeaderList } from '../../http/header-list.ts'
import { createRequestIds } from '../../http/tracing/request-ids.ts'
import { defaultPropagation } from '../../http/tracing/trace-fields.ts'
import type { TracingPolicy } from '../../model/telemetry/tracing-policy.ts'
import type { TracingDefaults } from './trace-plan.ts'
import { Tracer } from './tracer.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

const defaults: TracingDefaults = {
  hasCollector: true,
  ratio: 0.25,
  followsParent: true,
  reportsErrors: false,
  propagation: defaultPropagation,
}

/** A question to a provider. */
const check = {
  startedAtMs: 5,
  service: { hostname: 'authz.shop.svc.cluster.local', port: 80 },
  method: 'POST',
  protocol: 'grpc',
} as const

const policyOf = (parts: Partial<TracingPolicy>): NonNullable<ExchangeRecord['telemetry']> => ({
  key: 'shop/api',
  tracing: {
    provider: 'otel',
    isDisabled: false,
    customTags: [],
    hasIstioTags: true,
    samplesByRequestId: false,
    hidesContext: false,
    ...parts,
  },
})

interface Begin {
  readonly fields?: readonly string[]
  readonly policy?: Partial<TracingPolicy>
  readonly random?: number
  readonly requestId?: string
  readonly tunnel?: string
  readonly defaults?: Partial<TracingDefaults>
}

const begin = ({ fields = [], policy, random = 0.5, requestId, tunnel, ...more }: Begin) => {
  const tracer = new Tracer({ ...defaults, ...more.defaults }, () => random)
  const headers = new HeaderList([...fields])
  const telemetry = policy === undefined ? undefined : policyOf(policy)
  const record: Pick<ExchangeRecord, 'telemetry' | 'requestId' | 'trace'> = { telemetry, requestId, trace: undefined }
  const begun = tracer.begin({ headers, mayHaveTrace: fields.length > 0 }, record, tunnel)
  const trace = begun === 'untold' ? undefined : begun
  assert.equal(record.trace, trace)
  if (begun === 'untold') createRequestIds().giveBoth(headers, undefined)
  return { trace, headers }
}

/** What the application is told of it; `undefined`: nothing. */
const decide = (about: Begin): boolean | undefined => {
  const { trace, headers } = begin(about)
  trace?.beginTry(headers, 1, 0)
  const told = headers.getLower('traceparent')
  if (trace !== undefined) assert.equal(told?.endsWith('1'), trace.isSampled)
  return told?.endsWith('1')
}

describe('whether an exchange is traced', () => {
  const w3c = (flags: string): readonly string[] => ['traceparent', `00-${TRACE}-${SPAN}-${flags}`]
  const cases: readonly (readonly [name: string, begin: Begin, isSampled: boolean | undefined])[] = [
    ['chance is against it', {}, false],
    ['chance is for it', { random: 0.2 }, true],
    ['its client has it traced', { fields: w3c('01') }, true],
    ['its client does not', { fields: w3c('00'), random: 0 }, false],
    ['its client does, and that does not count', { fields: w3c('01'), defaults: { followsParent: false } }, false],
    ['its client leaves it to us', { fields: ['b3', `${TRACE}-${SPAN}`], random: 0.2 }, true],
    ['its client wants none', { fields: ['b3', '0'], random: 0 }, false],
    ['its client wants all of it', { fields: ['x-b3-flags', '1'] }, true],
    ['all are', { defaults: { ratio: 1 }, random: 0.999 }, true],
    ['none is', { defaults: { ratio: 0 }, random: 0 }, false],
    ['a policy says how many', { policy: { samplingPercentage: 60 } }, true],
    ['a policy leaves it to flags', { policy: {}, random: 0.2 }, true],
    ['a policy has none reported', { policy: { isDisabled: true }, random: 0 }, undefined],
    ['nobody would get them', { defaults: { hasCollector: false }, random: 0 }, undefined],
    ['only the policy names somebody', { policy: {}, defaults: { hasCollector: false }, random: 0 }, true],
    [
      'neither policy nor flags name anybody',
      { policy: { provider: undefined as never }, defaults: { hasCollector: false }, random: 0 },
      undefined,
    ],
    [
      'its id is among those chosen',
      { policy: { samplesByRequestId: true, samplingPercentage: 50 }, requestId: '00001387-a', random: 0.9 },
      true,
    ],
    [
      'its id is not',
      { policy: { samplesByRequestId: true, samplingPercentage: 50 }, requestId: '00001388-a', random: 0 },
      false,
    ],
    [
      'its id is no number',
      { policy: { samplesByRequestId: true, samplingPercentage: 50 }, requestId: 'order', random: 0.2 },
      true,
    ],
  ]
  for (const [name, about, isSampled] of cases)
    it(`${name}: ${isSampled}`, () => assert.equal(decide(about), isSampled))
})

describe('where an exchange stands', () => {
  it('is below its client, and tries are below it', () => {
    const { trace, headers } = begin({
      fields: ['traceparent', `00-${TRACE}-${SPAN}-01`, 'tracestate', 'a=1'],
      tunnel: `00-${TRACE.replaceAll('4', '9')}-${SPAN}-00`,
    })
    assert.ok(trace)
    assert.deepEqual([trace.traceId, trace.parentId, trace.traceState], [TRACE, SPAN, 'a=1'])
    assert.deepEqual(trace.tunnel, { traceId: TRACE.replaceAll('4', '9'), spanId: SPAN })
    trace.beginTry(headers, 1, 5)
    const first = headers.getLower('traceparent')
    trace.beginTry(headers, 2, 7)
    const ids = trace.tries.map(({ spanId }) => spanId)
    assert.deepEqual(
      [first, headers.getLower('traceparent')],
      ids.map((id) => `00-${TRACE}-${id}-01`),
    )
    assert.equal(new Set([SPAN, trace.spanId, ...ids]).size, 4)
    assert.deepEqual(
      trace.tries.map(({ startedAtMs }) => startedAtMs),
      [5, 7],
    )
    assert.equal(headers.getLower('tracestate'), 'a=1')
    // One that turned out to be none is made again.
    trace.beginTry(headers, 2, 9)
    assert.deepEqual(
      trace.tries.map(({ startedAtMs }) => startedAtMs),
      [5, 9],
    )
  })

  it('is the beginning where what came is not valid, and that goes no further', () => {
    const { trace, headers } = begin({ fields: ['traceparent', 'x', 'tracestate', 'a=1'], random: 0 })
    assert.ok(trace)
    assert.match(trace.traceId, /^[0-9a-f]{32}$/)
    assert.equal(trace.parentId, undefined)
    trace.beginTry(headers, 1, 0)
    assert.equal(headers.getLower('tracestate'), undefined)
    assert.equal(headers.getLower('traceparent'), `00-${trace.traceId}-${trace.tries[0]?.spanId}-01`)
  })

  it('is told in the form that it came in too', () => {
    const { trace, headers } = begin({ fields: ['b3', `${TRACE}-${SPAN}-1`] })
    trace?.beginTry(headers, 1, 0)
    const id = trace?.tries[0]?.spanId
    assert.equal(headers.getLower('b3'), `${TRACE}-${id}-1-${trace?.spanId}`)
    const question = new HeaderList(['b3', 'shown'])
    trace?.beginCheck(question, check)
    const asked = trace?.checks[0]?.spanId
    assert.equal(question.getLower('b3'), `${TRACE}-${asked}-1-${trace?.spanId}`)
    assert.equal(question.getLower('traceparent'), `00-${TRACE}-${asked}-01`)
    assert.equal(headers.getLower('traceparent'), `00-${TRACE}-${id}-01`)
  })

  it('is told when it is not chosen too, and nothing more is known of it', () => {
    const { trace, headers } = begin({ fields: ['a', 'b'] })
    assert.equal(trace, undefined)
    assert.match(headers.getLower('traceparent') ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    const fields = ['traceparent', `00-${TRACE}-${SPAN}-00`, 'tracestate', 'a=1']
    const passed = begin({ fields })
    assert.deepEqual([passed.trace, passed.headers.fields], [undefined, fields])
  })

  it('is told, and each try has an id, where it may be told of in the end', () => {
    const { trace, headers } = begin({ defaults: { reportsErrors: true } })
    trace?.beginTry(headers, 1, 0)
    assert.equal(trace?.tries.length, 1)
    assert.equal(headers.getLower('traceparent'), `00-${trace?.traceId}-${trace?.tries[0]?.spanId}-00`)
  })

  it('goes on without what is not valid', () => {
    for (const fields of [
      ['tracestate', 'a=1'],
      ['traceparent', `00-${TRACE}-${SPAN}-00`, 'tracestate', 'A'],
      ['traceparent', 'x'],
    ]) {
      const { trace, headers } = begin({ fields })
      trace?.beginTry(headers, 1, 0)
      assert.match(headers.getLower('traceparent') ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
      assert.equal(headers.getLower('tracestate'), undefined)
    }
  })

  it('is not told where a policy hides it', () => {
    const { trace, headers } = begin({ policy: { hidesContext: true }, fields: ['a', 'b'], random: 0 })
    trace?.beginTry(headers, 1, 0)
    trace?.beginCheck(headers, check)
    assert.deepEqual([headers.fields, trace?.tries.length, trace?.checks.length], [['a', 'b'], 1, 1])
  })
})
