import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { translateTelemetries as run } from '../../../../test/support/telemetry/translate-telemetries.ts'
import { istioMetricNames } from '../../../model/telemetry/metrics-policy.ts'

describe('metrics that are disabled', () => {
  const all = (more: string): string => `{ match: { metric: ALL_METRICS }${more} }`
  const one = (metric: string, more: string): string => `{ match: { metric: ${metric} }${more} }`
  const off = ', disabled: true'
  const on = ', disabled: false'
  const label = ', tagOverrides: { route: { value: xds.route_name } }'
  const every = istioMetricNames.join(' ')
  // As istiod answers them, by pilot/pkg/model/telemetry.go.
  const cases: readonly (readonly [name: string, mesh: readonly string[], service: readonly string[], off: string])[] =
    [
      ['all of them', [all(off)], [], every],
      ['all, without a match', ['{ disabled: true }'], [], every],
      ['all, and a section without overrides', [all(off)], [], every],
      ['all, and all again', [all(off)], [all(off)], every],
      ['all behind one', [one('REQUEST_COUNT', on)], [all(off)], every],
      ['all, with labels of them changed before', [all(label)], [all(off)], every],
      ['none: enabled again', [all(off)], [all(on)], ''],
      ['none: an override that says nothing', [all(off)], [all('')], ''],
      ['none: an override of one that says nothing', [all(off)], [one('REQUEST_COUNT', '')], ''],
      ['none: one is enabled again', [all(off)], [one('REQUEST_COUNT', on)], ''],
      ['none: a label is changed', [all(off)], [one('TCP_SENT_BYTES', label)], ''],
      ['none: one of the same object follows', [all(off), one('REQUEST_COUNT', on)], [], ''],
      ['one: it alone is disabled behind all', [all(off)], [one('REQUEST_SIZE', off)], 'REQUEST_SIZE'],
      [
        'one: by its name, before all',
        [one('REQUEST_SIZE', off), all(off)],
        [one('REQUEST_COUNT', on)],
        'REQUEST_SIZE',
      ],
      ['none: by name before all, and all enabled again', [one('REQUEST_SIZE', off), all(off)], [all(on)], ''],
      ['all: what clients have changes nothing', [all(off)], ['{ match: { mode: CLIENT }, disabled: false }'], every],
    ]
  for (const [name, mesh, service, expected] of cases) {
    it(name, () => {
      const { of } = run([
        `istio-system mesh: metrics: [{ overrides: [${mesh.join(', ')}] }]`,
        `Service shop/api one: metrics: [{ overrides: [${service.join(', ')}] }]`,
      ])
      const disabled = of('shop/api')?.metrics?.overrides.filter(({ isDisabled }) => isDisabled) ?? []
      assert.equal(disabled.map(({ metric }) => metric).join(' '), expected)
    })
  }

  it('and counted again in one object are told of', () => {
    const { conditions } = run([
      `shop a: metrics: [{ overrides: [${all(off)}] }, { overrides: [${one('REQUEST_COUNT', on)}] }]`,
    ])
    assert.match(
      conditions[1] ?? '',
      /metrics\[0\]\.overrides\[0\]\.disabled: .*all metrics are counted again.*metrics\[1\]\.overrides\[0\]: disable each/,
    )
  })
})
