/** Dashboards and alerts ask for metrics and labels that there are. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { alertGroups } from '../scripts/generate/chart/alerts.ts'
import { dashboards } from '../scripts/generate/chart/chart-files.ts'
import type { Dashboard } from '../scripts/generate/chart/dashboards/panel.ts'
import { istioMetrics } from '../src/telemetry/istio/istio-metrics.ts'
import { labelNames } from '../src/telemetry/labels.ts'
import { controllerDefinitions } from '../src/telemetry/controller/controller-metrics.ts'
import { scalarDefinitions } from '../src/telemetry/scalars.ts'
import { alertCases } from './support/chart/alert-cases.ts'
import { findUnknown, type KnownMetrics } from './support/chart/promql.ts'

/** What Prometheus itself puts on what it scrapes. */
const ofTarget = ['namespace', 'pod']

const known: KnownMetrics = new Map<string, readonly string[]>([
  ...[...scalarDefinitions.values(), ...controllerDefinitions.values()].map(({ name, label = [] }) => {
    const labels = typeof label === 'string' ? [label] : label
    return [name, [...ofTarget, ...labels]] as const
  }),
  ...istioMetrics.flatMap(({ name, type, kind }): readonly (readonly [string, readonly string[]])[] => {
    const labels = [...ofTarget, ...labelNames()[kind]]
    if (type === 'counter') return [[name, labels]]
    return [
      [`${name}_bucket`, [...labels, 'le']],
      [`${name}_sum`, labels],
      [`${name}_count`, labels],
    ]
  }),
])

const linesOf = ({ rows }: Dashboard): readonly (readonly [where: string, legend: string, expression: string])[] =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, lines }) => lines.map(([legend, expression]) => [title, legend, expression] as const)),
  )

for (const [name, dashboard] of Object.entries(dashboards)) {
  describe(`the dashboard of ${name}`, () => {
    for (const [title, legend, expression] of linesOf(dashboard)) {
      it(`${title}: ${legend} asks for what there is`, () => {
        assert.deepEqual(findUnknown(expression, known), [])
        // A legend can only name what is left of the labels.
        const [, by = ''] = /by \(([^)]*)\)/.exec(expression) ?? []
        for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
          assert.ok(by === '' ? label === 'pod' || !/\bsum\(/.test(expression) : by.split(', ').includes(label), label)
        }
      })
    }

    for (const { name: choice, query } of dashboard.choices) {
      it(`the choice of ${choice} asks for what there is`, () => {
        const [, inner = ''] = /^label_values\((.*)\)$/.exec(query) ?? []
        const comma = inner.lastIndexOf(', ')
        assert.deepEqual(findUnknown(`sum by (${inner.slice(comma + 2)}) (${inner.slice(0, comma)})`, known), [])
      })
    }

    it('no title is there twice in a row of panels', () => {
      for (const { panels } of dashboard.rows) {
        const titles = panels.map(({ title }) => title)
        assert.equal(new Set(titles).size, titles.length)
      }
    })
  })
}

for (const [group, alerts] of alertGroups) {
  describe(`alerts of ${group}`, () => {
    for (const { name, expression, summary, description } of alerts) {
      it(`${name} asks for what there is`, () => {
        assert.deepEqual(findUnknown(expression, known), [])
        const [, by = ''] = /by \(([^)]*)\)/.exec(expression) ?? []
        for (const [, label = ''] of `${summary}${description}`.matchAll(/\$labels\.(\w+)/g)) {
          assert.ok(by.split(', ').includes(label), label)
        }
      })

      it(`${name} has a case in which it fires, and one in which it does not`, () => {
        const cases = alertCases.filter(({ alert }) => alert === name)
        assert.deepEqual(new Set(cases.map(({ says }) => says !== undefined)), new Set([true, false]))
      })
    }
  })
}

describe('what is not there is seen:', () => {
  const cases: readonly (readonly [expression: string, unknown: readonly string[]])[] = [
    ['sum(fairway_tunels_total)', ['fairway_tunels_total']],
    ['rate(fairway_tunnels_total{reason="x"}[5m])', ['fairway_tunnels_total{reason}']],
    ['sum by (state) (fairway_tunnels_open)', ['by state']],
    ['sum by (namespace) (fairway_tunnels_open{pod=~"a,b"}) / 2', []],
  ]
  for (const [expression, unknown] of cases) {
    it(expression, () => assert.deepEqual(findUnknown(expression, known), unknown))
  }
})
