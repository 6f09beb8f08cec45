/**
 * The sections of all levels as one policy, by Istio's rules: a level comes behind those that it is more special than, and
 * what it says counts; what it does not say is as above.
 */
import type { AccessLogChoice, AccessLogPolicy } from '../../../model/telemetry/access-log-policy.ts'
import {
  istioMetricNames,
  type IstioMetricName,
  type MetricOverride,
  type MetricsPolicy,
  type TagOverride,
} from '../../../model/telemetry/metrics-policy.ts'
import type { TracingPolicy } from '../../../model/telemetry/tracing-policy.ts'
import type { MeshTracing } from '../../objects/mesh-config/mesh-telemetry.ts'
import { disablesAll, type UsableLogging, type UsableOverride, type UsableTracing } from './usable-sections.ts'

/**
 * Metrics as they are changed; `undefined`: they are Istio's. To disable all is a switch of its own in Istio
 * (`disabledAllMetricsProviders` of pilot/pkg/model/telemetry.go), which every override behind it switches back, whatever it
 * is about: what was disabled by its name stays so, and all else is counted again.
 */
export const mergeMetrics = (overrides: readonly UsableOverride[]): MetricsPolicy | undefined => {
  const merged = new Map<IstioMetricName, { isDisabled: boolean; readonly tags: Map<string, TagOverride> }>()
  const last = overrides.at(-1)
  if (last !== undefined && disablesAll(last)) return { overrides: allDisabled }
  for (const override of overrides) {
    if (disablesAll(override)) continue
    const { metrics, disabled, tags } = override
    for (const metric of metrics) {
      const one = merged.get(metric) ?? { isDisabled: false, tags: new Map<string, TagOverride>() }
      merged.set(metric, one)
      one.isDisabled = disabled ?? one.isDisabled
      for (const tag of tags) one.tags.set(tag.name, tag)
    }
  }
  const changed = istioMetricNames.flatMap((metric): readonly MetricOverride[] => {
    const one = merged.get(metric)
    if (one === undefined || (!one.isDisabled && one.tags.size === 0)) return []
    return [{ metric, isDisabled: one.isDisabled, tags: [...one.tags.values()].toSorted(byName) }]
  })
  return changed.length === 0 ? undefined : { overrides: changed }
}

const allDisabled = istioMetricNames.map((metric): MetricOverride => ({ metric, isDisabled: true, tags: [] }))

const byName = (a: TagOverride, b: TagOverride): number => (a.name < b.name ? -1 : 1)

/** The log of the flags among providers. */
export const FLAGS = ''

/**
 * Which logs get lines, with `defaults` where no section names a provider; `levels` are the sections of one object each.
 * `undefined`: nobody says anything, and the flags decide.
 */
export const mergeLogs = (
  levels: readonly (readonly UsableLogging[])[],
  defaults: readonly string[],
): AccessLogPolicy | undefined => {
  if (levels.length === 0 && defaults.every((name) => name === FLAGS)) return undefined
  const named = levels.map((level) => level.flatMap(({ providers = [] }) => providers))
  // What the last level names takes the place of what those above it do.
  const inScope = new Set(named.findLast((names) => names.length > 0) ?? defaults)
  const logs = new Map<string, { readonly isOn: boolean; readonly filter?: string }>()
  if (levels.length === 0) for (const name of defaults) logs.set(name, { isOn: true })
  let before = defaults
  for (const { providers, disabled = false, filter } of levels.flat()) {
    const names = providers ?? before
    before = names
    for (const name of names) {
      if (!inScope.has(name)) continue
      const kept = providers === undefined ? logs.get(name)?.filter : undefined
      const applied = filter ?? kept
      logs.set(name, { isOn: !disabled, ...(applied === undefined ? {} : { filter: applied }) })
    }
  }
  const on = [...logs].filter(([, { isOn }]) => isOn).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    logs: on.map(([provider, { filter }]): AccessLogChoice => ({
      ...(provider === FLAGS ? {} : { provider }),
      ...(filter === undefined ? {} : { filter }),
    })),
  }
}

/** What is so where no section says anything. */
interface TracingDefaults {
  readonly tracing: MeshTracing
  readonly provider: string | undefined
  /** What a provider says for itself (`maxTagLength`). */
  readonly maxTagLengthOf: (provider: string) => number | undefined
}

/** How it is traced; `undefined`: nobody says anything, and the flags decide. */
export const mergeTracing = (
  sections: readonly UsableTracing[],
  { tracing, provider, maxTagLengthOf }: TracingDefaults,
): TracingPolicy | undefined => {
  const says = sections.length > 0 || provider !== undefined || Object.keys(tracing).length > 0
  if (!says) return undefined
  // What is written last counts, field by field; tags are not mixed with those of levels above.
  const written = sections.reduce<UsableTracing>((above, section) => ({ ...above, ...section }), {})
  const to = sections.findLast(({ providers }) => providers !== undefined)?.providers
  const named = to === undefined ? provider : to[0]
  const samplingPercentage = written.randomSamplingPercentage ?? tracing.samplingPercentage
  const customTags = written.customTags ?? []
  const maxPathTagLength = (named === undefined ? undefined : maxTagLengthOf(named)) ?? tracing.maxPathTagLength
  return {
    ...(named === undefined ? {} : { provider: named }),
    // Nobody must get spans that were meant for somebody else.
    isDisabled: to?.length === 0 || (written.disableSpanReporting ?? false),
    ...(samplingPercentage === undefined ? {} : { samplingPercentage }),
    customTags: customTags.length > 0 ? customTags : (tracing.customTags ?? []),
    hasIstioTags: written.enableIstioTags ?? tracing.hasIstioTags ?? true,
    samplesByRequestId: written.useRequestIdForTraceSampling ?? true,
    hidesContext: written.disableContextPropagation ?? false,
    ...(maxPathTagLength === undefined ? {} : { maxPathTagLength }),
  }
}
