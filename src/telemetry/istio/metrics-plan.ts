import { compileExpression } from '../../lib/expression/compile-expression.ts'
import type { Value } from '../../lib/expression/compiler.ts'
import { hideInTarget, hideSecrets } from '../../lib/secrets/hide-secrets.ts'
import { istioLabelNames } from '../../model/telemetry/istio-labels.ts'
import type { IstioMetricName, MetricsPolicy, TagOverride } from '../../model/telemetry/metrics-policy.ts'
import { MAX_VALUE_LENGTH, type Labels, type SeriesKind } from '../labels.ts'
import { shownScope } from '../log/attribute-scope.ts'
import type { Told } from '../log/told.ts'

/** Metrics of one kind, as bits of a number: which of them a series has, or which have the same labels. */
export const metricBits = {
  REQUEST_COUNT: 1,
  REQUEST_DURATION: 2,
  REQUEST_SIZE: 4,
  RESPONSE_SIZE: 8,
  GRPC_REQUEST_MESSAGES: 1,
  GRPC_RESPONSE_MESSAGES: 2,
  TCP_OPENED_CONNECTIONS: 1,
  TCP_CLOSED_CONNECTIONS: 2,
  TCP_SENT_BYTES: 4,
  TCP_RECEIVED_BYTES: 8,
} as const satisfies Readonly<Record<IstioMetricName, number>>

/** The metrics of each kind. */
export const metricsOfKind: Readonly<Record<SeriesKind, readonly IstioMetricName[]>> = {
  request: ['REQUEST_COUNT', 'REQUEST_DURATION', 'REQUEST_SIZE', 'RESPONSE_SIZE'],
  messages: ['GRPC_REQUEST_MESSAGES', 'GRPC_RESPONSE_MESSAGES'],
  tcp: ['TCP_OPENED_CONNECTIONS', 'TCP_CLOSED_CONNECTIONS', 'TCP_SENT_BYTES', 'TCP_RECEIVED_BYTES'],
}

/** All metrics of a kind. */
export const allMetrics: Readonly<Record<SeriesKind, number>> = { request: 15, messages: 3, tcp: 15 }

/** Metrics of one kind that have the same labels. */
export interface MetricGroup {
  readonly metrics: number
  /** Istio's labels as a policy has them; the values of expressions come in the order of `MetricsPlan.valuesOf`. */
  readonly labelsOf: (labels: Labels, values: readonly string[]) => Labels
}

/** How the metrics of one kind are counted. */
export interface MetricsPlan {
  /** None: nothing is counted. */
  readonly groups: readonly MetricGroup[]
  /** What the expressions of all groups come to; `undefined`: there are none, and who talks to whom and what came of it says all. */
  readonly valuesOf: ((told: Told) => readonly string[]) | undefined
}

/** How metrics of each kind are counted. */
export type MetricsPlans = Readonly<Record<SeriesKind, MetricsPlan>>

const asTheyAre = (labels: Labels): Labels => labels

const standard = (kind: SeriesKind): MetricsPlan => ({
  groups: [{ metrics: allMetrics[kind], labelsOf: asTheyAre }],
  valuesOf: undefined,
})

/** Istio's metrics as they are. */
export const standardPlans: MetricsPlans = {
  request: standard('request'),
  messages: standard('messages'),
  tcp: standard('tcp'),
}

/** What stands where nothing is known, as with Istio's own labels. */
const UNKNOWN = 'unknown'

/** Makes plans of a policy, once for all that it is for. */
export const compileMetrics = (policy: MetricsPolicy): MetricsPlans => ({
  request: compileKind('request', policy),
  messages: compileKind('messages', policy),
  tcp: compileKind('tcp', policy),
})

const compileKind = (kind: SeriesKind, { overrides }: MetricsPolicy): MetricsPlan => {
  const byTags = new Map<string, { metrics: number; readonly tags: readonly TagOverride[] }>()
  for (const metric of metricsOfKind[kind]) {
    const override = overrides.find((one) => one.metric === metric)
    if (override?.isDisabled === true) continue
    const tags = override?.tags ?? []
    const key = JSON.stringify(tags)
    const group = byTags.get(key) ?? { metrics: 0, tags }
    group.metrics |= metricBits[metric]
    byTags.set(key, group)
  }
  const expressions = [...new Set([...byTags.values()].flatMap(({ tags }) => tags.flatMap(expressionOf)))]
  const values = expressions.map(compileValue)
  return {
    groups: [...byTags.values()].map(({ metrics, tags }) => ({ metrics, labelsOf: changeLabels(tags, expressions) })),
    valuesOf: values.length === 0 ? undefined : (told) => values.map((valueOf) => valueOf(told)),
  }
}

const expressionOf = (tag: TagOverride): readonly string[] => (tag.kind === 'upsert' ? [tag.expression] : [])

/** A text for each exchange; a secret that shows as one stays out of it, as out of logs. */
const compileValue = (expression: string): ((told: Told) => string) => {
  const compiled = compileExpression(expression, shownScope)
  // What cannot be read was told of, and is in no policy.
  if (!compiled.ok) return () => UNKNOWN
  const { run } = compiled.value
  return (told) => formatValue(run(told))
}

const formatValue = (value: Value): string => {
  if (value === undefined || value === '') return UNKNOWN
  return typeof value === 'string' ? hideSecrets(hideInTarget(value.slice(0, MAX_VALUE_LENGTH))) : String(value)
}

/** Labels in Istio's order, those that were added behind them. */
const changeLabels = (tags: readonly TagOverride[], expressions: readonly string[]): MetricGroup['labelsOf'] => {
  if (tags.length === 0) return asTheyAre
  const byName = new Map(tags.map((tag) => [tag.name, tag]))
  return (labels, values) => {
    const valueOf = (tag: TagOverride): string =>
      tag.kind === 'upsert' ? (values[expressions.indexOf(tag.expression)] ?? UNKNOWN) : UNKNOWN
    const kept = labels.flatMap(([name, value]): Labels => {
      const tag = byName.get(name)
      if (tag === undefined) return [[name, value]]
      return tag.kind === 'remove' ? [] : [[name, valueOf(tag)]]
    })
    // One of Istio's own that metrics of this kind do not have stays away from them, as with Istio.
    const added = tags.flatMap((tag): Labels =>
      tag.kind === 'upsert' && !istioLabelNames.has(tag.name) ? [[tag.name, valueOf(tag)]] : [],
    )
    return [...kept, ...added]
  }
}
