import * as s from '../../lib/schema.ts'
import type { KindInput } from './kind.ts'

/** Which endpoints are preferred (KEP-3015). `PreferSameNode` falls back to the zone. */
export type TrafficDistribution = 'PreferSameZone' | 'PreferSameNode'

/** What an object says itself: with `Any` it does without what its Namespace prefers. */
export type AskedDistribution = TrafficDistribution | 'Any'

/** Istio's name for it where the field is not there, and on Namespaces (`networking.istio.io/traffic-distribution`). */
const annotation = 'networking.istio.io/traffic-distribution'

const distributions: ReadonlyMap<string, AskedDistribution> = new Map([
  ['any', 'Any'],
  ['prefersamezone', 'PreferSameZone'],
  // The old name of the same.
  ['preferclose', 'PreferSameZone'],
  ['prefersamenode', 'PreferSameNode'],
])

/** One that is not known prefers nothing: endpoints far away serve as well. `field` is `spec.trafficDistribution`. */
export const distributionOf = (
  field: string | undefined,
  { metadata, warnings }: Pick<KindInput, 'metadata' | 'warnings'>,
): AskedDistribution | undefined => {
  const written = field ?? metadata.annotations[annotation]
  if (written === undefined || written === '') return undefined
  const found = distributions.get(written.toLowerCase())
  if (found === undefined) {
    const path = field === undefined ? `metadata.annotations["${annotation}"]` : 'spec.trafficDistribution'
    const expected = 'PreferSameZone, PreferClose or PreferSameNode'
    warnings.push({
      message: 'unsupported value: no endpoint is preferred',
      path,
      found: s.formatFound(written),
      expected,
    })
  }
  return found ?? 'Any'
}
