import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import type { KubeFailure } from '../../../kube/failure.ts'
import type { KubeResource } from '../../../kube/resources.ts'
import { mapAt, nameOfManifest, valueAt, type Manifest } from '../../manifest.ts'
import { HANDOVER_MANAGER } from '../../reconcile/apply-conflict.ts'
import { appliedByUs } from '../../reconcile/reconcile.ts'

/** What is needed to hand something over. */
export interface HandOver {
  readonly client: Pick<KubeClient, 'get' | 'apply'>
  readonly signal: AbortSignal
}

/**
 * Leaves the number of replicas of a Deployment as it is for an autoscaler to change, before an apply that no longer says
 * it: what its last owner does not apply any more goes, and without a number there would be one replica at once
 * (Kubernetes, "Server-Side Apply", transferring ownership). Whoever holds it then loses it to the first that scales.
 */
export const handOverReplicas = async (
  manifest: Manifest,
  resource: KubeResource,
  { client, signal }: HandOver,
): Promise<KubeFailure | undefined> => {
  if (manifest.kind !== 'Deployment' || mapAt(manifest, 'spec')['replicas'] !== undefined) return undefined
  const { apiVersion, kind } = manifest
  const place = nameOfManifest(manifest)
  const found = await client.get(resource, place, signal)
  if (!found.ok) return found.failure.reason === 'NotFound' ? undefined : found.failure
  const replicas = valueAt(found.value, 'spec', 'replicas')
  if (typeof replicas !== 'number' || !isOurs(found.value)) return undefined
  const applied = await client.apply(
    resource,
    { apiVersion, kind, metadata: place, spec: { replicas } },
    { fieldManager: HANDOVER_MANAGER, signal },
  )
  return applied.ok ? undefined : applied.failure
}

/** Whether the number is one that we applied. */
const isOurs = (live: KubeJson): boolean =>
  appliedByUs(live).some((entry) => valueAt(entry, 'fieldsV1', 'f:spec', 'f:replicas') !== undefined)
