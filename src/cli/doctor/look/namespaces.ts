import type { LiveObject } from '../../../controller/manifest.ts'
import { labelsOf, nameOf } from '../look/live.ts'
import type { Mesh } from '../mesh/mesh.ts'

const MODE = 'istio.io/dataplane-mode'

/** Whether Pods of a Namespace are captured, unless they say otherwise. */
export const isAmbient = (namespace: LiveObject | undefined): boolean => labelsOf(namespace)[MODE] === 'ambient'

/** Whether Istio puts sidecars into its Pods. */
export const isInjected = (namespace: LiveObject | undefined): boolean => {
  const { 'istio-injection': injection, 'istio.io/rev': revision } = labelsOf(namespace)
  return injection === 'enabled' || (revision !== undefined && injection !== 'disabled' && !isAmbient(namespace))
}

/** Whether a Pod, or a Namespace, is in the mesh by its own label. */
export const modeOf = (object: LiveObject): string | undefined => labelsOf(object)[MODE]

/** Namespaces whose Pods have a waypoint of ours, by what is bound; the names of them. */
export const servedNamespaces = (mesh: Mesh): ReadonlySet<string> =>
  new Set(mesh.facts.services.map(({ key }) => key.slice(0, key.indexOf('/'))))

/** Namespaces in which Pods may run that are no part of the mesh, those of Kubernetes and Istio left out. */
export const outsideNamespaces = (mesh: Mesh): readonly LiveObject[] => {
  const own = new Set([...systemNamespaces, mesh.settings.istioNamespace])
  return mesh.all('Namespace').filter((one) => !own.has(nameOf(one)) && !isAmbient(one))
}

const systemNamespaces: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease']
