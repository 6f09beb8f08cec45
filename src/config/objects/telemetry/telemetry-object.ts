/**
 * Telemetry (telemetry.istio.io/v1), unknown to typed. One that has a wrong value is left out as a whole, and said so; what
 * is right and cannot be carried out is told where it stands, and the rest is in force.
 */
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { findUnused } from '../find-unused.ts'
import type { KindDecoder } from '../kind.ts'
import type { Metadata } from '../metadata.ts'
import { decodePolicyTarget, type PolicyTarget } from '../policy-target.ts'
import {
  accessLoggingSections,
  metricsSections,
  tracingSections,
  usedSections,
  type AccessLoggingSection,
  type MetricsSection,
  type TracingSection,
} from './sections.ts'

export interface TelemetryObject {
  readonly kind: 'Telemetry'
  readonly metadata: Metadata
  readonly target: PolicyTarget
  readonly tracing: readonly TracingSection[]
  readonly metrics: readonly MetricsSection[]
  readonly accessLogging: readonly AccessLoggingSection[]
  /** Paths of fields that this version does not know. */
  readonly unknown: readonly string[]
}

const spec = s.object(
  {
    tracing: s.withDefault(tracingSections, []),
    metrics: s.withDefault(metricsSections, []),
    accessLogging: s.withDefault(accessLoggingSections, []),
  },
  { unknownFields: 'ignore' },
)

/** Reads a Telemetry object. */
export const decodeTelemetry: KindDecoder<TelemetryObject> = ({ body, metadata, warnings }) => {
  warnings.push(...s.unknownFields(body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
  const written = body['spec'] ?? {}
  const issues: Issue[] = []
  const target = decodePolicyTarget(written, Object.keys(usedSections), issues)
  const decoded = spec.decode(written, 'spec')
  // One that is no object at all is told of once.
  if (!decoded.ok && s.isPlainObject(written)) issues.push(...decoded.issues)
  if (!decoded.ok || issues.length > 0) return { ok: false, issues }
  const used = { ...usedSections, targetRef: 'all', targetRefs: 'all', selector: 'all' } as const
  const unknown = findUnused(written, used, 'spec')
  return {
    ok: true,
    value: { kind: 'Telemetry', metadata, target: withoutEmptySelector(target, written), ...decoded.value, unknown },
  }
}

/** One that asks for no label chooses all, as if it were not there (Istio takes it so). */
const withoutEmptySelector = (target: PolicyTarget, written: unknown): PolicyTarget => {
  if (target.kind !== 'selector' || !s.isPlainObject(written)) return target
  const { selector } = written
  const labels = s.isPlainObject(selector) ? selector['matchLabels'] : undefined
  return s.isPlainObject(labels) && Object.keys(labels).length > 0 ? target : { kind: 'none' }
}
