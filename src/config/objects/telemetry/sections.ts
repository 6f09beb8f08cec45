import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { istioMetricNames, type IstioMetricName } from '../../../model/telemetry/metrics-policy.ts'
import type { CustomTag } from '../../../model/telemetry/tracing-policy.ts'
import { customTagsSchema } from './custom-tags.ts'

/** On which side of a connection a workload has to be for a section to be about it; a waypoint is a server. */
export type WorkloadMode = 'CLIENT_AND_SERVER' | 'CLIENT' | 'SERVER'

/** What all sections have. */
interface Section {
  /** `spec.tracing[0]` */
  readonly path: string
  /** Names of extension providers, as written; empty: those of the section before, or the mesh's defaults. */
  readonly providers: readonly string[]
}

/** An item of `spec.tracing`; what is absent is as levels above have it. */
export interface TracingSection extends Section {
  readonly mode: WorkloadMode
  readonly disableSpanReporting?: boolean
  readonly randomSamplingPercentage?: number
  readonly customTags?: readonly CustomTag[]
  readonly useRequestIdForTraceSampling?: boolean
  readonly enableIstioTags?: boolean
  readonly disableContextPropagation?: boolean
}

/** An item of `spec.accessLogging`. */
export interface AccessLoggingSection extends Section {
  readonly mode: WorkloadMode
  readonly disabled?: boolean
  /** `filter.expression` */
  readonly filter?: string
}

/** An item of `spec.metrics`. */
export interface MetricsSection extends Section {
  readonly overrides: readonly MetricsOverride[]
  /** There is one, whatever it says. */
  readonly hasReportingInterval: boolean
}

/** An item of `overrides`. */
export interface MetricsOverride {
  /** `spec.metrics[0].overrides[0]` */
  readonly path: string
  readonly mode: WorkloadMode
  readonly metric: IstioMetricName | 'ALL_METRICS' | { readonly custom: string }
  readonly disabled?: boolean
  readonly tags: readonly WrittenTag[]
}

/** An entry of `tagOverrides`; without a `value` the tag is to be left out. */
export interface WrittenTag {
  readonly name: string
  readonly value?: string
}

/** What is not known is told by `findUnused`. */
const lenient = { unknownFields: 'ignore' } as const

const providers = s.withDefault(s.array(s.object({ name: s.string({ minLength: 1 }) }, lenient)), [])

const mode = s.withDefault(s.oneOf(['CLIENT_AND_SERVER', 'CLIENT', 'SERVER']), 'CLIENT_AND_SERVER')

const match = s.withDefault(s.object({ mode }, lenient), { mode: 'CLIENT_AND_SERVER' })

const tracing = s.object(
  {
    match,
    providers,
    disableSpanReporting: s.optional(s.boolean()),
    randomSamplingPercentage: s.optional(s.number({ min: 0, max: 100 })),
    customTags: s.optional(customTagsSchema),
    useRequestIdForTraceSampling: s.optional(s.boolean()),
    enableIstioTags: s.optional(s.boolean()),
    disableContextPropagation: s.optional(s.boolean()),
  },
  lenient,
)

const accessLogging = s.object(
  {
    match,
    providers,
    disabled: s.optional(s.boolean()),
    filter: s.optional(s.object({ expression: s.optional(s.string()) }, lenient)),
  },
  lenient,
)

const tagOverride = s.refine(
  s.object({ operation: s.withDefault(s.oneOf(['UPSERT', 'REMOVE']), 'UPSERT'), value: s.withDefault(s.string(), '') }),
  ({ operation, value }, path): readonly Issue[] => {
    if ((operation === 'UPSERT') === (value !== '')) return []
    const expected = operation === 'UPSERT' ? 'an expression, as the operation is UPSERT' : 'no value beside REMOVE'
    return [{ message: 'wrong value', path: `${path}.value`, found: value === '' ? 'nothing' : value, expected }]
  },
)

const metricMatch = s.refine(
  s.object(
    {
      metric: s.optional(s.oneOf(['ALL_METRICS', ...istioMetricNames])),
      customMetric: s.optional(s.string({ minLength: 1 })),
      mode,
    },
    lenient,
  ),
  ({ metric, customMetric }, path): readonly Issue[] =>
    metric === undefined || customMetric === undefined
      ? []
      : [{ message: 'wrong value', path, found: 'metric and customMetric', expected: 'only one of them' }],
)

const metrics = s.object(
  {
    providers,
    overrides: s.withDefault(
      s.array(
        s.object(
          {
            match: s.withDefault(metricMatch, { mode: 'CLIENT_AND_SERVER' }),
            disabled: s.optional(s.boolean()),
            tagOverrides: s.withDefault(s.record(tagOverride), {}),
          },
          lenient,
        ),
      ),
      [],
    ),
    reportingInterval: s.optional(s.string()),
  },
  lenient,
)

const namesOf = (refs: readonly { readonly name: string }[]): readonly string[] => refs.map(({ name }) => name)

/** Sections of one kind with their places. */
const list = <T, Read>(item: s.Schema<T>, read: (written: T, path: string) => Read): s.Schema<readonly Read[]> => ({
  decode: (value, path) => {
    const decoded = s.array(item).decode(value, path)
    if (!decoded.ok) return decoded
    return { ok: true, value: decoded.value.map((written, index) => read(written, `${path}[${index}]`)) }
  },
  json: { type: 'array', items: item.json },
})

/** `spec.tracing` */
export const tracingSections: s.Schema<readonly TracingSection[]> = list(
  tracing,
  ({ match: matched, providers: refs, ...rest }, path) => ({
    ...{ path, mode: matched.mode, providers: namesOf(refs) },
    ...rest,
  }),
)

/** `spec.accessLogging` */
export const accessLoggingSections: s.Schema<readonly AccessLoggingSection[]> = list(
  accessLogging,
  ({ match: matched, providers: refs, disabled, filter }, path) => ({
    ...{ path, mode: matched.mode, providers: namesOf(refs) },
    ...(disabled === undefined ? {} : { disabled }),
    ...(filter?.expression === undefined || filter.expression === '' ? {} : { filter: filter.expression }),
  }),
)

/** `spec.metrics` */
export const metricsSections: s.Schema<readonly MetricsSection[]> = list(
  metrics,
  ({ providers: refs, overrides, reportingInterval }, path) => ({
    ...{ path, providers: namesOf(refs), hasReportingInterval: reportingInterval !== undefined },
    overrides: overrides.map(({ match: matched, disabled, tagOverrides }, index) => ({
      path: `${path}.overrides[${index}]`,
      mode: matched.mode,
      metric: matched.customMetric === undefined ? (matched.metric ?? 'ALL_METRICS') : { custom: matched.customMetric },
      ...(disabled === undefined ? {} : { disabled }),
      tags: Object.entries(tagOverrides).map(([name, { operation, value }]) =>
        operation === 'REMOVE' ? { name } : { name, value },
      ),
    })),
  }),
)

/** The fields of sections that anything is done with, for `findUnused`. */
export const usedSections = {
  tracing: {
    match: { mode: 'all' },
    providers: { name: 'all' },
    disableSpanReporting: 'all',
    randomSamplingPercentage: 'all',
    customTags: 'all',
    useRequestIdForTraceSampling: 'all',
    enableIstioTags: 'all',
    disableContextPropagation: 'all',
  },
  accessLogging: {
    match: { mode: 'all' },
    providers: { name: 'all' },
    disabled: 'all',
    filter: { expression: 'all' },
  },
  metrics: {
    providers: { name: 'all' },
    overrides: { match: { metric: 'all', customMetric: 'all', mode: 'all' }, disabled: 'all', tagOverrides: 'all' },
    reportingInterval: 'all',
  },
} as const
