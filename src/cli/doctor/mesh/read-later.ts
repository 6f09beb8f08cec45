/** What is read once it is known what there is: Pods and ConfigMaps, of which there may be too many. */
import { certificateKeys } from '../../../controller/pass/plan-pass.ts'
import type { Selection } from '../../../kube/client.ts'
import { isPlainObject } from '../../../lib/schema.ts'
import { canBeName } from '../../../kube/resources.ts'
import { controllerPlaces } from '../look/controller-place.ts'
import { nameOf, namespaceOf } from '../look/live.ts'
import { cniAgentsOf } from '../look/node-agents.ts'
import { isAmbient, isInjected, servedNamespaces } from '../look/namespaces.ts'
import type { Mesh } from './mesh.ts'
import { readKinds } from './read-kinds.ts'

/** Beyond this many namespaces one list of all is less work. */
const MANY_NAMESPACES = 32

/**
 * Where Services stand that routes and policies of the namespaces that are asked about refer to, and the providers of
 * CUSTOM policies. Without those it would seem as if they were not there.
 */
export const referredNamespaces = (mesh: Mesh, scope: readonly string[]): readonly string[] => {
  const referred = referring.flatMap(mesh.all).flatMap(({ spec }) => namespacesIn(spec))
  const providers = (mesh.facts.options.mesh?.providers ?? []).flatMap(({ service: { namespace, hostname } }) => {
    const [, place] = hostname.split('.')
    return namespace ?? place ?? []
  })
  return distinctBeside([...referred, ...providers], scope)
}

/** Kinds that refer to objects of other namespaces. */
const referring = readKinds.filter(({ place }) => place === 'scoped').map(({ kind }) => kind)

/** The namespace of each reference in a value, however deep, to a Service or to a kind that is not said. */
const namespacesIn = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(namespacesIn)
  if (!isPlainObject(value)) return []
  const { namespace, kind = 'Service' } = value
  const own = typeof namespace === 'string' && (kind === 'Service' || kind === 'ServiceEntry') ? [namespace] : []
  // A parent of which no kind is said is a Gateway, of which all are known.
  const fields = Object.entries(value).map(([key, field]) =>
    key === 'parentRefs' && Array.isArray(field) ? field.filter((ref) => isPlainObject(ref) && 'kind' in ref) : field,
  )
  return [...own, ...fields.flatMap(namespacesIn)]
}

/** Where the waypoints of the namespaces that are asked about are, beside those. */
export const waypointNamespaces = (mesh: Mesh, scope: readonly string[]): readonly string[] =>
  distinctBeside(
    [...mesh.facts.catalog.services.keys()].flatMap((key) => mesh.facts.wantedBy(key)?.namespace ?? []),
    scope,
  )

const distinctBeside = (namespaces: readonly string[], scope: readonly string[]): readonly string[] =>
  [...new Set(namespaces)].filter((namespace) => canBeName(namespace) && !scope.includes(namespace))

/** Pods of the namespaces that are asked about; of all, those that have to do with the mesh. */
export const wantedPods = (mesh: Mesh): readonly Selection[] => {
  const namespaces = mesh.scope ?? meshNamespaces(mesh)
  return namespaces.length > MANY_NAMESPACES ? [{}] : namespaces.map((namespace) => ({ namespace }))
}

const meshNamespaces = (mesh: Mesh): readonly string[] => [
  ...new Set([
    ...mesh
      .all('Namespace')
      .filter((one) => isAmbient(one) || isInjected(one))
      .map(nameOf),
    ...servedNamespaces(mesh),
    ...mesh.facts.waypoints.map(({ plan }) => plan.namespace),
  ]),
]

/** Pods beyond those that are asked about, which some checks can do without. */
export const furtherPods = (mesh: Mesh): readonly Selection[] => {
  const waypoints = mesh.scope === undefined ? [] : waypointNamespaces(mesh, mesh.scope)
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
  const roots = [istioNamespace, ...mesh.facts.waypoints.map(({ plan }) => plan.namespace)]
  const certificates = [...certificateKeys(mesh.facts.objects)].map((key) => {
    const [namespace = '', name = ''] = key.split('/')
    return { namespace, name }
  })
  const all = [
    { namespace: istioNamespace, name: 'istio' },
    ...cniAgentsOf(mesh).map((one) => ({ namespace: namespaceOf(one), name: 'istio-cni-config' })),
    ...roots.map((namespace) => ({ namespace, name: 'istio-ca-root-cert' })),
    ...certificates,
  ].filter(({ name }) => canBeName(name))
  return [...new Map(all.map((one) => [`${one.namespace}/${one.name}`, one])).values()]
}
