import type { Issue } from '../../lib/decoded.ts'
import { APPLIED_HASH, hashOf, mapAt, type JsonObject, type Manifest, type ManifestMetadata } from '../manifest.ts'
import { accessOf } from './access.ts'
import { deploymentOf } from './deployment.ts'
import type { GatewayPlan, WaypointSettings } from './gateway-plan.ts'
import { mergePatch } from './parameters/merge-patch.ts'
import { decodeParameters, type Parameters, type Part } from './parameters/decode-parameters.ts'
import { autoscalerOf, disruptionBudgetOf } from './scaling.ts'
import { serviceAccountOf, serviceOf } from './service.ts'

/** A ConfigMap that changes the objects of Gateways. */
export interface ParameterSource {
  /** `ConfigMap shop/sizes` */
  readonly source: string
  readonly data: Readonly<Record<string, string>>
}

/** The objects of a Gateway, or why there can be none. */
export type Desired =
  | { readonly ok: true; readonly manifests: readonly Manifest[] }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/**
 * What should be there for a Gateway. `parameters` come from the widest to the narrowest: defaults of the class, those it
 * names, those that the Gateway names; later ones win.
 */
export const desiredOf = (
  plan: GatewayPlan,
  settings: WaypointSettings,
  parameters: readonly ParameterSource[],
): Desired => {
  const decoded = parameters.map(({ data, source }) => decodeParameters(data, source))
  const issues = decoded.flatMap((one) => (one.ok ? [] : one.issues))
  if (issues.length > 0) return { ok: false, issues }
  const patches = decoded.flatMap((one) => (one.ok ? [one.value] : []))
  const base: Readonly<Record<Part, Manifest>> = {
    serviceAccount: serviceAccountOf(plan),
    service: serviceOf(plan),
    deployment: deploymentOf(plan, settings),
    horizontalPodAutoscaler: autoscalerOf(plan),
    podDisruptionBudget: disruptionBudgetOf(plan),
  }
  // Whoever is to be found comes before those who look.
  const patched = ordered.flatMap((part) => {
    const manifest = patch(base[part], part, patches)
    return manifest === undefined ? [] : [[part, manifest] as const]
  })
  const contradiction = findContradiction(new Map(patched))
  if (contradiction !== undefined) return { ok: false, issues: [contradiction] }
  return {
    ok: true,
    manifests: [...accessOf(plan), ...patched.map(([, manifest]) => manifest)].map(withHash),
  }
}

const ordered: readonly Part[] = [
  'serviceAccount',
  'service',
  'deployment',
  'horizontalPodAutoscaler',
  'podDisruptionBudget',
]

const patch = (base: Manifest, part: Part, patches: readonly Parameters[]): Manifest | undefined => {
  let manifest: JsonObject | null = base
  for (const { [part]: change } of patches) {
    if (change === null) manifest = null
    else if (change !== undefined) manifest = mergePatch(manifest ?? base, change)
  }
  if (manifest === null) return undefined
  // Parameters may not touch what makes it a manifest, or take it away.
  return { ...manifest, apiVersion: base.apiVersion, kind: base.kind, metadata: metadataOf(base, manifest) }
}

const metadataOf = ({ metadata }: Manifest, patched: JsonObject): ManifestMetadata => ({
  ...mapAt(patched, 'metadata'),
  name: metadata.name,
})

/** The autoscaler and a fixed number would set the same field in turn. */
const findContradiction = (manifests: ReadonlyMap<Part, Manifest>): Issue | undefined => {
  const replicas = mapAt(manifests.get('deployment'), 'spec')['replicas']
  if (replicas === undefined || !manifests.has('horizontalPodAutoscaler')) return undefined
  return {
    message: 'contradicts the autoscaler',
    path: 'data.deployment: spec.replicas',
    found: JSON.stringify(replicas),
    expected: 'minReplicas and maxReplicas in data.horizontalPodAutoscaler, or "null" as the text of that key',
  }
}

const withHash = (manifest: Manifest): Manifest => {
  const annotations = { ...mapAt(manifest, 'metadata', 'annotations'), [APPLIED_HASH]: hashOf(manifest) }
  return { ...manifest, metadata: { ...manifest.metadata, annotations } }
}
