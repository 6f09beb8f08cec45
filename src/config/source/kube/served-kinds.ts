import type { KubeClient } from '../../../kube/client.ts'
import type { KubeResult } from '../../../kube/failure.ts'
import { kubeResources, type KubeResource } from '../../../kube/resources.ts'
import { kindApi } from '../../objects/kind-apis.ts'

/** Those of Kubernetes itself need not be asked for. */
const builtIn: ReadonlyMap<string, KubeResource> = new Map(
  Object.values<KubeResource>(kubeResources).flatMap((resource) =>
    resource.group === '' || resource.group === 'discovery.k8s.io' ? [[resource.kind, resource]] : [],
  ),
)

/** Finds which of some kinds an API server has, each in the first of the versions that we read and it serves. */
export const findServedKinds = async (
  client: Pick<KubeClient, 'served'>,
  kinds: readonly string[],
  signal: AbortSignal,
): Promise<KubeResult<ReadonlyMap<string, KubeResource>>> => {
  const found = new Map<string, KubeResource>()
  const versionsOf = new Map<string, readonly string[]>()
  for (const kind of kinds) {
    const resource = builtIn.get(kind)
    const api = kindApi(kind)
    if (resource !== undefined) found.set(kind, resource)
    else if (api !== undefined) versionsOf.set(api.group, api.versions)
  }
  for (const [group, versions] of versionsOf) {
    const served = await client.served(group, versions, signal)
    if (!served.ok) return served
    for (const { resource } of served.value) {
      if (kinds.includes(resource.kind) && !found.has(resource.kind)) found.set(resource.kind, resource)
    }
  }
  return { ok: true, value: found }
}
