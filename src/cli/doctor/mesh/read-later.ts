/** What is read once it is known what there is: Pods and ConfigMaps, of which there may be too many. */
import { certificateKeys } from '../../../controller/pass/plan-pass.ts'
import type { Selection } from '../../../kube/client.ts'
import { canBeName } from '../../../kube/resources.ts'
import { controllerPlaces } from '../look/controller-place.ts'
import { labelsOf, nameOf, namespaceOf } from '../look/live.ts'
import { isAmbient, servedNamespaces } from '../look/namespaces.ts'
import type { Mesh } from './mesh.ts'

/** Beyond this many namespaces one list of all is less work. */
const MANY_NAMESPACES = 32

/** Where the waypoints of Services in the namespaces that are asked about are, beside those. */
export const furtherNamespaces = (mesh: Mesh, scope: readonly string[]): readonly string[] => {
  const asked = [...mesh.facts.catalog.services.keys()].flatMap((key) => mesh.facts.wantedBy(key)?.namespace ?? [])
  return [...new Set(asked)].filter((namespace) => !scope.includes(namespace))
}

/** Pods of the namespaces that are asked about; of all, those that have to do with the mesh. */
export const wantedPods = (mesh: Mesh): readonly Selection[] => {
  const namespaces = mesh.scope ?? meshNamespaces(mesh)
  return namespaces.length > MANY_NAMESPACES ? [{}] : namespaces.map((namespace) => ({ namespace }))
}

const meshNamespaces = (mesh: Mesh): readonly string[] => [
  ...new Set([
    ...mesh.all('Namespace').filter(isAmbient).map(nameOf),
    ...servedNamespaces(mesh),
    ...mesh.facts.waypoints.map(({ plan }) => plan.namespace),
  ]),
]

/** Pods beyond those that are asked about, which some checks can do without. */
export const furtherPods = (mesh: Mesh): readonly Selection[] => {
  const waypoints = mesh.scope === undefined ? [] : furtherNamespaces(mesh, mesh.scope)
  return [
    ...waypoints.map((namespace) => ({ namespace, labels: 'gateway.networking.k8s.io/gateway-name' })),
    ...controllerPlaces(mesh).flatMap(({ namespace, holder }) => {
      const name = holder.replace(/_[^_]*$/, '')
      return canBeName(name) ? [{ namespace, fields: `metadata.name=${name}` }] : []
    }),
    { namespace: mesh.settings.istioNamespace, labels: 'app=istiod' },
    { namespace: 'kube-system', labels: 'k8s-app=kube-dns' },
  ]
}

/** Each by its name: nobody needs the others, and few may list them. */
export const wantedConfigMaps = (mesh: Mesh): readonly { readonly namespace: string; readonly name: string }[] => {
  const { istioNamespace } = mesh.settings
  const agents = mesh.all('DaemonSet').filter((one) => labelsOf(one)['k8s-app'] === 'istio-cni-node')
  const roots = [istioNamespace, ...mesh.facts.waypoints.map(({ plan }) => plan.namespace)]
  const certificates = [...certificateKeys(mesh.facts.objects)].map((key) => {
    const [namespace = '', name = ''] = key.split('/')
    return { namespace, name }
  })
  const all = [
    { namespace: istioNamespace, name: 'istio' },
    ...agents.map((one) => ({ namespace: namespaceOf(one), name: 'istio-cni-config' })),
    ...roots.map((namespace) => ({ namespace, name: 'istio-ca-root-cert' })),
    ...certificates,
  ].filter(({ name }) => canBeName(name))
  return [...new Map(all.map((one) => [`${one.namespace}/${one.name}`, one])).values()]
}
