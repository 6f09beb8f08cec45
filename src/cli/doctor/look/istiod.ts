import { valueAt, type LiveObject } from '../../../controller/manifest.ts'
import { environmentOf, labelsOf, namespaceOf, numberAt } from '../look/live.ts'
import type { Mesh } from '../mesh/mesh.ts'

/** Deployments of istiod, one for each revision. */
export const istiodsOf = (mesh: Mesh): readonly LiveObject[] =>
  mesh
    .all('Deployment')
    .filter((one) => namespaceOf(one) === mesh.settings.istioNamespace && labelsOf(one)['app'] === 'istiod')

/** The revision that an istiod is: `default` where it says nothing. */
export const revisionOf = (deployment: LiveObject): string => labelsOf(deployment)['istio.io/rev'] ?? 'default'

export const readyReplicasOf = (deployment: LiveObject): number => numberAt(deployment, ['status', 'readyReplicas'], 0)

/** A variable of a Deployment's or DaemonSet's Pods. */
export const variableOf = (workload: LiveObject, name: string): string | undefined =>
  environmentOf(valueAt(workload, 'spec', 'template', 'spec'), name)
