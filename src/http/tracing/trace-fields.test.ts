import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeaderList } from '../header-list.ts'
import { readB3, readB3Fields } from './b3.ts'
import { createRequestIds } from './request-ids.ts'
import { defaultPropagation, findTrace, writeTrace } from './trace-fields.ts'
import { formatTraceparent, readTraceparent } from './traceparent.ts'
import { isTracestate } from './tracestate.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const W3C = `00-${TRACE}-${SPAN}-01`
const PADDED = '0000000000000000a3ce929d0e0e4736'

describe('traceparent', () => {
  const good: readonly (readonly [name: string, value: string, isSampled: boolean, flags: number])[] = [
    ['sampled', W3C, true, 0],
    ['not sampled', `00-${TRACE}-${SPAN}-00`, false, 0],
    ['with a random id', `00-${TRACE}-${SPAN}-03`, true, 2],
    ['with flags of tomorrow', `00-${TRACE}-${SPAN}-fd`, true, 0],
    ['of a later version', `cc-${TRACE}-${SPAN}-01`, true, 0],
    ['of a later version, with more', `cc-${TRACE}-${SPAN}-01-what-comes`, true, 0],
  ]
  for (const [name, value, isSampled, otherFlags] of good) {
    it(`${name} is read`, () =>
      assert.deepEqual(readTraceparent(value), {
        form: 'tracecontext',
        ids: { traceId: TRACE, spanId: SPAN },
        isSampled,
        isDebug: false,
        otherFlags,
      }))
  }
  const bad: readonly (readonly [name: string, value: string])[] = [
    ['empty', ''],
    ['of version ff', `ff-${TRACE}-${SPAN}-01`],
    ['of version 00 with more', `${W3C}-x`],
    ['of a later version that goes on without a hyphen', `cc-${TRACE}-${SPAN}-01x`],
    ['without a trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['without a span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in capitals', W3C.toUpperCase()],
    ['with a short trace', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['with a letter that is no digit', `00-g${TRACE.slice(1)}-${SPAN}-01`],
    ['with flags that are no digits', `00-${TRACE}-${SPAN}-0x`],
    ['that comes twice', `${W3C}, ${W3C}`],
    ['with blanks', ` ${W3C}`],
  ]
  for (const [name, value] of bad) it(`${name} is none`, () => assert.equal(readTraceparent(value), undefined))

  it('is written with the flags that are known', () => {
    const write = (isSampled: boolean, otherFlags: number): string =>
      formatTraceparent({ traceId: TRACE, isSampled, otherFlags }, SPAN)
    assert.deepEqual(
      [write(true, 0), write(false, 2), write(true, 2)],
      [W3C, `00-${TRACE}-${SPAN}-02`, `00-${TRACE}-${SPAN}-03`],
    )
  })
})

describe('traceparent of those who are not traced', () => {
  const take = (fill?: (bytes: Buffer) => unknown): (() => string) => {
    const { giveBoth } = createRequestIds(fill)
    return () => {
      const headers = new HeaderList(['a', 'b'])
      assert.equal(giveBoth(headers, 'of the client'), 'of the client')
      const { ownTraceparent: value = '', ownLines } = headers
      assert.deepEqual(headers.fields, ['a', 'b', 'traceparent', value])
      assert.equal(ownLines, `\r\ntraceparent: ${value}`)
      assert.equal(headers.countOwnLines(), 1)
      return value
    }
  }

  it('comes with an id where there is none, of which half of its own is', () => {
    const counting = (bytes: Buffer): void => bytes.forEach((_, i) => (bytes[i] = i))
    const { giveBoth, giveId } = createRequestIds(counting)
    const values = ['10111213-1415-4617-9819-1a1b1c1d1e1f', '20212223-2425-4627-a829-2a2b2c2d2e2f'].map((id, i) => {
      const headers = new HeaderList(['a', 'b'])
      assert.equal(giveBoth(headers, undefined), id)
      const traceparent = `00-0001020304050607${['1011121314154617', '2021222324254627'][i]}-08090a0b0c0d0e0f-00`
      assert.deepEqual(headers.fields, ['a', 'b', 'x-request-id', id, 'traceparent', traceparent])
      assert.equal(headers.ownLines, `\r\nx-request-id: ${id}\r\ntraceparent: ${traceparent}`)
      assert.equal(headers.countOwnLines(), 2)
      return readTraceparent(traceparent)?.isSampled
    })
    assert.deepEqual(values, [false, false])
    const headers = new HeaderList()
    assert.equal(giveId(headers, 'of the client'), 'of the client')
    assert.deepEqual(headers.fields, [])
    const id = giveId(headers, undefined)
    assert.deepEqual(headers.fields, ['x-request-id', id])
    assert.equal(headers.ownLines, `\r\nx-request-id: ${id}`)
  })

  it('is another one each time with an id as well', () => {
    const { giveBoth } = createRequestIds()
    const lists = Array.from({ length: 300 }, () => new HeaderList())
    const ids = lists.map((headers) => giveBoth(headers, undefined))
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const values = lists.map((headers) => headers.getLower('traceparent') ?? '')
    for (const value of values) assert.equal(readTraceparent(value)?.isSampled, false)
    assert.deepEqual([new Set(ids).size, new Set(values).size], [300, 300])
  })

  it('is another one each time', () => {
    const next = take()
    const values = Array.from({ length: 300 }, next)
    assert.equal(new Set(values).size, 300)
    for (const value of values) assert.equal(readTraceparent(value)?.isSampled, false)
  })

  it('differs from all others in the half of its id by which samplers draw lots, for longer than any two share the rest', () => {
    const next = take()
    const traces = Array.from({ length: 5000 }, () => readTraceparent(next())?.ids?.traceId ?? '')
    assert.equal(new Set(traces.map((id) => id.slice(16))).size, 5000)
    assert.ok(new Set(traces.map((id) => id.slice(0, 16))).size > 4)
  })

  it('is valid whatever chance says', () => {
    const zeros = take((bytes) => bytes.fill(0))
    assert.equal(zeros(), `00-${'01'.padStart(16, '0')}${'0'.repeat(16)}-${'1'.padStart(16, '0')}-00`)
    const counted = take((bytes) => bytes.forEach((_, i) => (bytes[i] = i)))
    assert.equal(counted(), '00-00010203040506071011121314151617-08090a0b0c0d0e0f-00')
    assert.equal(counted(), '00-000102030405060718191a1b1c1d1e1f-08090a0b0c0d0e0f-00')
  })
})

describe('tracestate', () => {
  const cases: readonly (readonly [value: string, isValid: boolean])[] = [
    ['congo=t61rcWkgMzE', true],
    ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', true],
    ['a=1 ,\tb=2', true],
    ['a=1,,b=2', true],
    ['fw529a3039@dt=FfAxxx', true],
    ['0tenant@dt=1', true],
    ['a=with blanks inside', true],
    ['', false],
    [',', false],
    ['a', false],
    ['a=', false],
    ['=1', false],
    ['A=1', false],
    ['0=1', false],
    ['a@=1', false],
    ['a=1=2', false],
    ['a=é', false],
    ['a=1,a=2', false],
    [Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(','), false],
    [Array.from({ length: 32 }, (_, i) => `k${i}=1`).join(','), true],
    [`a=${'x'.repeat(257)}`, false],
    [`a=${' '.repeat(9000)}x`, false],
  ]
  for (const [value, isValid] of cases)
    it(`${JSON.stringify(value.slice(0, 40))} is ${isValid ? 'valid' : 'not valid'}`, () =>
      assert.equal(isTracestate(value), isValid))
})

describe('B3', () => {
  const cases: readonly (readonly [value: string, told: string])[] = [
    [`${TRACE}-${SPAN}-1`, `${TRACE} ${SPAN} true false`],
    [`${TRACE}-${SPAN}-0`, `${TRACE} ${SPAN} false false`],
    [`${TRACE}-${SPAN}-d`, `${TRACE} ${SPAN} true true`],
    [`${TRACE}-${SPAN}`, `${TRACE} ${SPAN} undefined false`],
    [`${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90`, `${TRACE} ${SPAN} true false`],
    [`${TRACE.slice(16)}-${SPAN}-1`, `${PADDED} ${SPAN} true false`],
    [`${TRACE.toUpperCase()}-${SPAN}-1`, `${TRACE} ${SPAN} true false`],
    [`${TRACE}-${SPAN.toUpperCase()}-D-05E3AC9A4F6E3B90`, `${TRACE} ${SPAN} true true`],
    [`${TRACE}-${SPAN}-D`, `${TRACE} ${SPAN} true true`],
    ['D', ' true true'],
    ['0', ' false false'],
    ['1', ' true false'],
    ['d', ' true true'],
    ['', 'none'],
    ['2', 'none'],
    [TRACE, 'none'],
    [`${TRACE}-${SPAN}-x`, 'none'],
    [`${'0'.repeat(32)}-${SPAN}-1`, 'none'],
    [`${TRACE}-${'0'.repeat(16)}-1`, 'none'],
    [`${TRACE.slice(1)}-${SPAN}-1`, 'none'],
  ]
  for (const [value, told] of cases)
    it(`${JSON.stringify(value)} says ${told}`, () => assert.equal(tell(readB3(value)), told))

  const fields: readonly (readonly [fields: Partial<Parameters<typeof readB3Fields>[0]>, told: string])[] = [
    [{ traceId: TRACE, spanId: SPAN, sampled: '1' }, `${TRACE} ${SPAN} true false`],
    [{ traceId: TRACE, spanId: SPAN, sampled: 'true' }, `${TRACE} ${SPAN} true false`],
    [{ traceId: TRACE, spanId: SPAN, sampled: 'false' }, `${TRACE} ${SPAN} false false`],
    [{ traceId: TRACE, spanId: SPAN }, `${TRACE} ${SPAN} undefined false`],
    [{ traceId: TRACE, spanId: SPAN, flags: '1', sampled: '0' }, `${TRACE} ${SPAN} true true`],
    [{ sampled: '0' }, ' false false'],
    [{ traceId: TRACE }, 'none'],
    [{ traceId: TRACE, sampled: '1' }, 'none'],
    [{ sampled: 'maybe' }, 'none'],
    [{}, 'none'],
  ]
  for (const [some, told] of fields)
    it(`${JSON.stringify(some)} says ${told}`, () => {
      const none = { traceId: undefined, spanId: undefined, sampled: undefined, flags: undefined }
      assert.equal(tell(readB3Fields({ ...none, ...some })), told)
    })
})

const tell = (context: ReturnType<typeof readB3>): string => {
  if (context === undefined) return 'none'
  const { ids, isSampled, isDebug } = context
  return `${ids === undefined ? '' : `${ids.traceId} ${ids.spanId}`} ${isSampled} ${isDebug}`
}

describe('the fields of a request', () => {
  const found = (...fields: string[]): string => {
    const { context, forms, traceState } = findTrace(new HeaderList(fields), defaultPropagation)
    return `${context?.form} ${context?.ids?.traceId} [${forms.join(' ')}] ${traceState}`
  }
  const other = TRACE.replaceAll('4', '5')
  const cases: readonly (readonly [name: string, fields: string[], told: string])[] = [
    ['nothing', ['host', 'a', 'x-request-id', 'b'], 'undefined undefined [] undefined'],
    ["W3C's", ['traceparent', W3C, 'tracestate', 'a=1'], `tracecontext ${TRACE} [tracecontext] a=1`],
    [
      'its state in two fields',
      ['traceparent', W3C, 'tracestate', 'a=1', 'tracestate', 'b=2'],
      `tracecontext ${TRACE} [tracecontext] a=1, b=2`,
    ],
    [
      'a state that is not valid',
      ['traceparent', W3C, 'tracestate', 'A=1'],
      `tracecontext ${TRACE} [tracecontext] undefined`,
    ],
    ['a state alone', ['tracestate', 'a=1'], 'undefined undefined [] undefined'],
    [
      'one that is not valid',
      ['traceparent', 'x', 'tracestate', 'a=1'],
      'undefined undefined [tracecontext] undefined',
    ],
    ['two', ['traceparent', W3C, 'traceparent', W3C], 'undefined undefined [tracecontext] undefined'],
    [
      'W3C before B3',
      ['b3', `${other}-${SPAN}-1`, 'traceparent', W3C],
      `tracecontext ${TRACE} [b3 tracecontext] undefined`,
    ],
    [
      'B3 where W3C is not valid',
      ['b3', `${other}-${SPAN}-1`, 'traceparent', 'x'],
      `b3 ${other} [b3 tracecontext] undefined`,
    ],
    ['several of B3', ['x-b3-traceid', TRACE, 'x-b3-spanid', SPAN], `b3multi ${TRACE} [b3multi] undefined`],
    ['the flags of B3 alone', ['x-b3-flags', '1'], 'b3multi undefined [b3multi] undefined'],
  ]
  for (const [name, fields, told] of cases) it(`have ${name}`, () => assert.equal(found(...fields), told))

  it('are written anew in each form', () => {
    const context = { traceId: TRACE, isSampled: true, isDebug: false, otherFlags: 0, traceState: undefined }
    const ids = { spanId: 'aaaaaaaaaaaaaaaa', parentId: 'bbbbbbbbbbbbbbbb' }
    const headers = new HeaderList(['traceparent', 'x', 'a', 'b', 'traceparent', 'y', 'x-b3-flags', '1'])
    for (const form of ['tracecontext', 'b3', 'b3multi'] as const) writeTrace(headers, context, { form, ...ids })
    assert.deepEqual(headers.fields, [
      ...['traceparent', `00-${TRACE}-aaaaaaaaaaaaaaaa-01`, 'a', 'b'],
      ...['b3', `${TRACE}-aaaaaaaaaaaaaaaa-1-bbbbbbbbbbbbbbbb`],
      ...['x-b3-traceid', TRACE, 'x-b3-spanid', 'aaaaaaaaaaaaaaaa', 'x-b3-parentspanid', 'bbbbbbbbbbbbbbbb'],
      ...['x-b3-sampled', '1'],
    ])
    assert.equal(headers.ownTraceparent, headers.getLower('traceparent'))
    writeTrace(headers, { ...context, isDebug: true }, { form: 'b3multi', ...ids })
    assert.deepEqual(headers.fields.slice(-2), ['x-b3-flags', '1'])
    assert.equal(headers.getLower('x-b3-sampled'), undefined)
  })
})
