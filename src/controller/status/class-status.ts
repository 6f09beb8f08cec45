import type { KubeCondition } from '../../config/status/kube-status.ts'
import { isEqual } from '../../lib/is-equal.ts'
import { isPlainObject } from '../../lib/schema.ts'
import { isKnownBundle, KNOWN_BUNDLES } from '../gateway-api.ts'
import { valueAt, type LiveObject } from '../manifest.ts'
import { conditionsOf, isBehind, mergeConditions } from './conditions.ts'

/** What the status of a GatewayClass of ours depends on. */
export interface ClassFacts {
  /** Why its parameters cannot be used. */
  readonly parametersFault: string | undefined
  /** Of the definitions of Gateway API that are installed: `v1.4.0`; `undefined`: they do not say. */
  readonly bundleVersion: string | undefined
  readonly features: readonly string[]
  readonly now: string
}

const owned: ReadonlySet<string> = new Set(['Accepted', 'SupportedVersion'])

/** The status of a GatewayClass of ours; the very status that it has when nothing changes. */
export const classStatusOf = (live: LiveObject, facts: ClassFacts): unknown => {
  const before = isPlainObject(live['status']) ? live['status'] : undefined
  const generation = valueAt(live, 'metadata', 'generation')
  const observed = typeof generation === 'number' ? { observedGeneration: generation } : {}
  const wanted: readonly KubeCondition[] = [
    { ...acceptedOf(facts), ...observed },
    { ...versionOf(facts), ...observed },
  ]
  const conditions = conditionsOf(live)
  if (isBehind(conditions, wanted)) return before
  const status = {
    ...before,
    conditions: mergeConditions(conditions, wanted, { owned, now: facts.now }),
    supportedFeatures: facts.features.map((name) => ({ name })),
  }
  return isEqual(status, before) ? before : status
}

/** The status of an XMesh of ours: the same but for versions. */
export const meshStatusOf = (live: LiveObject, { features, now }: Pick<ClassFacts, 'features' | 'now'>): unknown => {
  const before = isPlainObject(live['status']) ? live['status'] : undefined
  const generation = valueAt(live, 'metadata', 'generation')
  const wanted: readonly KubeCondition[] = (['Accepted', 'Programmed'] as const).map((type) => ({
    type,
    status: 'True',
    ...(typeof generation === 'number' ? { observedGeneration: generation } : {}),
    reason: type,
    message: 'what is bound to waypoints of the mesh goes through them',
  }))
  const conditions = conditionsOf(live)
  if (isBehind(conditions, wanted)) return before
  const status = {
    ...before,
    conditions: mergeConditions(conditions, wanted, { owned: ownedOfMesh, now }),
    supportedFeatures: features.map((name) => ({ name })),
  }
  return isEqual(status, before) ? before : status
}

const ownedOfMesh: ReadonlySet<string> = new Set(['Accepted', 'Programmed'])

const acceptedOf = ({ parametersFault }: ClassFacts): KubeCondition =>
  parametersFault === undefined
    ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Gateways of this class become waypoints' }
    : { type: 'Accepted', status: 'False', reason: 'InvalidParameters', message: parametersFault }

const versionOf = ({ bundleVersion }: ClassFacts): KubeCondition => {
  const type = 'SupportedVersion'
  if (bundleVersion === undefined) {
    const message = 'the definitions of Gateway API do not say their version; what is read of them is there'
    return { type, status: 'True', reason: 'SupportedVersion', message }
  }
  if (isKnownBundle(bundleVersion)) {
    return { type, status: 'True', reason: 'SupportedVersion', message: `Gateway API ${bundleVersion}` }
  }
  const message = `Gateway API ${bundleVersion} is installed, expected ${KNOWN_BUNDLES}: Gateways are served as far as it goes`
  return { type, status: 'False', reason: 'UnsupportedVersion', message }
}
