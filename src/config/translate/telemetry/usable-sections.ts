/** What of a Telemetry object a waypoint can carry out, and what it cannot. */
import { nearestWord } from '../../../lib/nearest.ts'
import { checkValueExpression, findFilterFault } from '../../../model/telemetry/check-expression.ts'
import { istioLabelNames } from '../../../model/telemetry/istio-labels.ts'
import { findFormatFault } from '../../../model/telemetry/log/log-format.ts'
import { istioMetricNames, type IstioMetricName, type TagOverride } from '../../../model/telemetry/metrics-policy.ts'
import type { CustomTag } from '../../../model/telemetry/tracing-policy.ts'
import type {
  AccessLoggingSection,
  MetricsOverride,
  MetricsSection,
  TracingSection,
  WorkloadMode,
} from '../../objects/telemetry/sections.ts'
import type { TelemetryObject } from '../../objects/telemetry/telemetry-object.ts'
import type { SectionName, TelemetryProviders } from './telemetry-providers.ts'

/** Something without effect: where it stands, and why, for people. */
export interface Note {
  readonly path: string
  readonly message: string
}

/** The providers of a section, by the names that the MeshConfig has; absent: it names none, and those before it are meant. None of them: nobody that can be told. */
interface Directed {
  readonly providers?: readonly string[]
}

export type UsableTracing = Omit<TracingSection, 'path' | 'mode' | 'providers'> & Directed

export type UsableLogging = Pick<AccessLoggingSection, 'disabled' | 'filter'> & Directed

/** A change of some metrics, for those who scrape. */
export interface UsableOverride {
  readonly metrics: readonly IstioMetricName[]
  readonly disabled?: boolean
  readonly tags: readonly TagOverride[]
}

/** Whether nothing is counted from an override on, until another one follows. */
export const disablesAll = ({ metrics, disabled }: UsableOverride): boolean =>
  disabled === true && metrics.length === istioMetricNames.length

/** All that can be carried out of an object, and what cannot. */
export interface UsableSections {
  readonly tracing: readonly UsableTracing[]
  readonly accessLogging: readonly UsableLogging[]
  readonly metrics: readonly UsableOverride[]
  readonly notes: readonly Note[]
  /** Some of it is for sidecars and gateways, which the object may be for as well. */
  readonly isAlsoForOthers: boolean
}

/** So many labels an object may change: each may multiply the series that there are. */
const MAX_TAGS = 32

/** What of an object can be carried out with these providers. */
export const usableSections = (object: TelemetryObject, providers: TelemetryProviders): UsableSections => {
  const notes: Note[] = object.unknown.map((path) => ({ path, message: 'is not known to this version' }))
  const reading: Reading = {
    notes,
    providers,
    isForUs: object.target.kind === 'refs',
    isAlsoForOthers: false,
    tags: new Set<string>(),
    disablesAllAt: undefined,
  }
  const usable = {
    tracing: object.tracing.flatMap((section) => usableTracing(section, reading)),
    accessLogging: object.accessLogging.flatMap((section) => usableLogging(section, reading)),
    metrics: object.metrics.flatMap((section) => usableMetrics(section, reading)),
  }
  return { ...usable, notes, isAlsoForOthers: reading.isAlsoForOthers }
}

interface Reading {
  readonly notes: Note[]
  readonly providers: TelemetryProviders
  /** The object names what it is for, which is ours; another may have sections for sidecars and gateways. */
  readonly isForUs: boolean
  isAlsoForOthers: boolean
  /** Names of the labels that are changed so far. */
  readonly tags: Set<string>
  /** Where the last override stands, if it disables all metrics. */
  disablesAllAt: string | undefined
}

/** A waypoint stands before the servers, and so it is one. */
const isAboutServers = (mode: WorkloadMode, path: string, reading: Reading): boolean => {
  if (mode !== 'CLIENT') return true
  if (!reading.isForUs) {
    reading.isAlsoForOthers = true
    return false
  }
  reading.notes.push({
    path: `${path}.match.mode`,
    message: 'is about clients, and a waypoint is a server: leave the mode out',
  })
  return false
}

const directed = (
  name: SectionName,
  { path, providers: names }: { readonly path: string; readonly providers: readonly string[] },
  { notes, providers }: Reading,
): Directed => {
  if (names.length === 0) return {}
  const found = names.flatMap((one, index) => {
    const provider = providers.find(name, one)
    if (!('fault' in provider)) return [provider.name]
    notes.push({ path: `${path}.providers[${index}]`, message: provider.fault })
    return []
  })
  return { providers: [...new Set(found)] }
}

const usableTracing = (section: TracingSection, reading: Reading): readonly UsableTracing[] => {
  const { path, mode, providers, ...fields } = section
  if (!isAboutServers(mode, path, reading)) return []
  if (providers.length > 1) {
    reading.notes.push({ path: `${path}.providers[1]`, message: 'spans go to one provider, which is the first' })
  }
  const to = directed('tracing', section, reading)
  if (to.providers?.length === 0) {
    reading.notes.push({ path: `${path}.providers`, message: 'no spans are reported, as none of them can have them' })
  }
  if (Object.keys(fields).length === 0 && to.providers === undefined) return []
  const customTags = fields.customTags?.filter((tag) => isUsableTag(tag, path, reading))
  return [{ ...fields, ...to, ...(customTags === undefined ? {} : { customTags }) }]
}

/** A value with operators of access logs has to be one. */
const isUsableTag = (tag: CustomTag, path: string, { notes }: Reading): boolean => {
  const fault = tag.kind === 'format' ? findFormatFault({ kind: 'text', text: tag.format }) : undefined
  if (fault === undefined) return true
  const message = `column ${fault.column}: ${fault.message}; the tag is left out`
  notes.push({ path: `${path}.customTags.${tag.name}.formatter.value`, message })
  return false
}

const usableLogging = (section: AccessLoggingSection, reading: Reading): readonly UsableLogging[] => {
  const { path, mode, disabled, filter } = section
  if (!isAboutServers(mode, path, reading)) return []
  const to = directed('accessLogging', section, reading)
  if (to.providers?.length === 0) return []
  const whether = { ...to, ...(disabled === undefined ? {} : { disabled }) }
  if (filter === undefined) return [whether]
  const fault = findFilterFault(filter)
  if (fault === undefined) return [{ ...whether, filter }]
  const message = `${brief(filter)}: column ${fault.column}: ${fault.message}; without it all is logged`
  reading.notes.push({ path: `${path}.filter.expression`, message })
  return [whether]
}

const usableMetrics = (section: MetricsSection, reading: Reading): readonly UsableOverride[] => {
  const { path, overrides, hasReportingInterval } = section
  if (hasReportingInterval) {
    const message = 'a waypoint counts what connections move once a second, and whoever scrapes says how often'
    reading.notes.push({ path: `${path}.reportingInterval`, message })
  }
  // What is meant for others changes nothing for those who scrape.
  if (directed('metrics', section, reading).providers?.length === 0) return []
  return overrides.flatMap((override) => usableOverride(override, reading))
}

const usableOverride = (override: MetricsOverride, reading: Reading): readonly UsableOverride[] => {
  const { path, mode, metric, disabled, tags } = override
  if (!isAboutServers(mode, path, reading)) return []
  if (typeof metric === 'object') {
    const message = `there is no metric ${metric.custom}: a Filter can count what Istio does not (env.counter)`
    reading.notes.push({ path: `${path}.match.customMetric`, message })
    return []
  }
  const usable = tags.flatMap(({ name, value }): readonly TagOverride[] => {
    const fault = tagFault(name, value, reading)
    if (fault !== undefined) {
      reading.notes.push({ path: `${path}.tagOverrides.${name}`, message: fault })
      return []
    }
    return [value === undefined ? { kind: 'remove', name } : { kind: 'upsert', name, expression: value }]
  })
  // One that says nothing at all still counts again what was disabled with all others.
  if (disabled === undefined && usable.length === 0 && tags.length > 0) return []
  const metrics = metric === 'ALL_METRICS' ? istioMetricNames : [metric]
  const found = { metrics, tags: usable, ...(disabled === undefined ? {} : { disabled }) }
  noteCountedAgain(path, found, reading)
  return [found]
}

/** Whoever writes both into one object meant something else. */
const noteCountedAgain = (path: string, override: UsableOverride, reading: Reading): void => {
  const { disablesAllAt } = reading
  reading.disablesAllAt = disablesAll(override) ? path : undefined
  if (disablesAllAt === undefined || disablesAll(override)) return
  const message = `as with Istio, all metrics are counted again by any override behind it, such as ${path}: disable each that is not wanted by its name`
  reading.notes.push({ path: `${disablesAllAt}.disabled`, message })
}

/** A name of Prometheus that it does not keep to itself. */
const LABEL = /^(?!__)[A-Za-z_][A-Za-z0-9_]{0,127}$/

const tagFault = (name: string, value: string | undefined, { tags }: Reading): string | undefined => {
  if (!LABEL.test(name)) return 'is no name of a label: letters, digits and _, and no digit and no __ in front'
  if (name === 'le') return 'is what Prometheus calls the bounds of histograms'
  if (name === 'reporter') return 'says who counts, and dashboards choose by it: it stays as it is'
  // Another name may be that of a label which a level above adds.
  const meant = value === undefined && !istioLabelNames.has(name) ? nearestWord(name, istioLabelNames) : undefined
  if (meant !== undefined)
    return `is no label of Istio's metrics, and would be taken from nothing; did you mean ${meant}?`
  if (!tags.has(name) && tags.size >= MAX_TAGS) return `is one too many: an object changes ${MAX_TAGS} labels at most`
  const checked = value === undefined ? undefined : checkValueExpression(value)
  if (checked === undefined || checked.ok) {
    tags.add(name)
    return undefined
  }
  return `${brief(value)}: column ${checked.fault.column}: ${checked.fault.message}`
}

/** Of a text that is longer than anybody reads, the beginning. */
const brief = (text = ''): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text)
