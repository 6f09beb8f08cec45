import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkValueExpression, findFilterFault } from '../check-expression.ts'
import { istioLabels, istioText } from './istio-formats.ts'
import { findFormatFault, parseLogFormat } from './log-format.ts'
import { parseTimeFormat } from './time-format.ts'

const operator = (name: string, argument?: string, maxLength?: number) => ({
  kind: 'operator',
  name,
  argument,
  maxLength,
})
const text = (value: string) => ({ kind: 'text', text: value })

const formats: readonly (readonly [format: string, parts: readonly object[]])[] = [
  ['', []],
  ['100%% %DURATION%', [text('100% '), operator('DURATION')]],
  ['%REQ(X-A?:path):10%|', [operator('REQ', 'X-A?:path', 10), text('|')]],
  ['%START_TIME(%Y/%m (%H))%', [operator('START_TIME', '%Y/%m (%H)')]],
  ['%START_TIME%%DURATION%', [operator('START_TIME'), operator('DURATION')]],
  ["%CEL(has(request.headers['a']))%", [operator('CEL', "has(request.headers['a'])")]],
  ['%CEL(request.path):5%', [operator('CEL', 'request.path', 5)]],
  ['%ENVIRONMENT(POD_NAME)%', [operator('ENVIRONMENT', 'POD_NAME')]],
  ['%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)%', [operator('COMMON_DURATION', 'DS_RX_BEG:US_RX_BEG:us')]],
]

describe('a format', () => {
  for (const [format, parts] of formats) {
    it(`${format || 'of nothing'} is taken apart`, () => assert.deepEqual(parseLogFormat(format), { ok: true, parts }))
  }

  it('of Istio has no fault', () => {
    assert.equal(findFormatFault({ kind: 'labels', labels: istioLabels, omitsEmpty: false }), undefined)
    assert.equal(findFormatFault({ kind: 'text', text: istioText }), undefined)
  })
})

const faults: readonly (readonly [format: string, column: number, message: RegExp])[] = [
  ['100% of it', 4, /write %% for a percent sign/],
  ['a %DURATION', 3, /no %OPERATOR% that ends/],
  ['%duration%', 1, /no %OPERATOR%/],
  ['%DURATON%', 1, /did you mean %DURATION%\?/],
  ['%DURATION(1)%', 1, /wants no argument/],
  ['%REQ%', 1, /wants an argument in parentheses/],
  ['%REQ()%', 1, /wants an argument/],
  ['%REQ(a b)%', 1, /"a b" is no name of a header/],
  ['%REQ(a?b?c)%', 1, /NAME\?OTHER/],
  ['%DURATION% %FILTER_STATE(wasm.upstream_peer)%', 12, /use CEL\(downstream_peer\.workload\)/],
  ['%DYNAMIC_METADATA(a:b)%', 1, /not known of exchanges here/],
  ['%START_TIME(%Q)%', 1, /%Q is no part of a time/],
  ['%ENVIRONMENT(API_TOKEN)%', 1, /secret/],
  ['%GRPC_STATUS(camel)%', 1, /one of CAMEL_STRING/],
  ['%COMMON_DURATION(US_TX_BEG:DS_TX_END:ms)%', 1, /two of DS_RX_BEG/],
  ['%CEL(request.paht)%', 1, /did you mean request\.path\? \(at 1\)/],
  ['%constructor%', 1, /no %OPERATOR%/],
  ['%PATH(ALL)%', 1, /WQ or NQ/],
  [' '.repeat(20_000), 16_385, /longer than/],
]

describe('a format that cannot be', () => {
  for (const [format, column, message] of faults) {
    it(`${format.slice(0, 50)} is refused where it goes wrong`, () => {
      const fault = findFormatFault({ kind: 'text', text: format })
      assert.equal(fault?.column, column)
      assert.match(fault?.message ?? '', message)
    })
  }

  it('is found under its label', () => {
    const labels = { a: 'x', b: { c: [1, true, '%DURATION%', '%NOTHING_OF_OURS%'] } }
    const fault = findFormatFault({ kind: 'labels', labels, omitsEmpty: false })
    assert.equal(fault?.label, 'b.c[3]')
    let deep: object = { a: 'x' }
    for (let i = 0; i < 20; i++) deep = { a: deep }
    const nested = { kind: 'labels', labels: JSON.parse(JSON.stringify(deep)), omitsEmpty: false } as const
    assert.match(findFormatFault(nested)?.message ?? '', /inside each other/)
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, 'x']))
    assert.match(findFormatFault({ kind: 'labels', labels: many, omitsEmpty: false })?.message ?? '', /more than 200/)
  })
})

it('a time is made of letters of strftime', () => {
  assert.deepEqual(parseTimeFormat('%F %E1S %3f'), {
    ok: true,
    pieces: [
      ...[
        { kind: 'field', field: 'Y' },
        { kind: 'text', text: '-' },
        { kind: 'field', field: 'm' },
      ],
      ...[
        { kind: 'text', text: '-' },
        { kind: 'field', field: 'd' },
        { kind: 'text', text: ' ' },
      ],
      ...[
        { kind: 'field', field: 'S' },
        { kind: 'text', text: '.' },
        { kind: 'fraction', digits: 1 },
      ],
      ...[
        { kind: 'text', text: ' ' },
        { kind: 'fraction', digits: 3 },
      ],
    ],
  })
  for (const bad of ['%', '%Q', 'a%E', '%0f']) assert.equal(parseTimeFormat(bad).ok, false, bad)
})

it('expressions about exchanges are checked by what is known of exchanges', () => {
  for (const good of ['response.code >= 400 || sample(0.01)', "request.headers['x'] == 'y'", 'connection.mtls']) {
    assert.equal(findFilterFault(good), undefined, good)
  }
  assert.deepEqual(findFilterFault('response.code'), { message: 'is int, and no condition', column: 1 })
  assert.equal(findFilterFault('true && response.cod == 1')?.column, 9)
  assert.deepEqual(checkValueExpression('upstream_peer.app'), { ok: true, type: 'string' })
  assert.equal(checkValueExpression('sample(0.5)').ok, false)
})
