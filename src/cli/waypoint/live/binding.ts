/** What a waypoint carries, by the same rules as the data plane binds Services. */
import { readObject } from '../../../config/objects/read-object.ts'
import type { ServiceObject } from '../../../config/objects/service.ts'
import { createCatalog, type Catalog } from '../../../config/translate/catalog.ts'
import { chooseGateway } from '../../../config/translate/gateway/choose-gateway.ts'
import type { SourcedObject, TranslateOptions } from '../../../config/translate/options.ts'
import { bindServices } from '../../../config/translate/service/bind-services.ts'
import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources } from '../../../kube/resources.ts'
import type { Condition } from '../../../model/condition.ts'
import { apiError, demand } from '../../cluster/api-error.ts'
import { conditionsIn } from './gateway-api.ts'

/** Namespaces and Services, as far as they may be seen. */
export interface MeshView {
  readonly namespaces: readonly KubeJson[]
  readonly services: readonly KubeJson[]
  /** `false`: only one namespace may be looked at. */
  readonly isWhole: boolean
}

/** What is bound to a Gateway. */
export interface Binding {
  /** Namespaces whose label names it. */
  readonly namespaces: readonly string[]
  readonly services: readonly BoundService[]
  /** Of Services that ask for it and are not bound. */
  readonly refused: readonly Condition[]
  /** Services with Pods in the Gateway's namespace that do not go through it: `NAMESPACE/NAME`. */
  readonly apart: readonly string[]
}

/** A Service that goes through a waypoint. */
export interface BoundService {
  readonly namespace: string
  readonly name: string
  readonly selector: Readonly<Record<string, string>>
  /** Calls to it are calls to its Pods, which no Service's waypoint sees. */
  readonly isHeadless: boolean
  /** What istiod says: `istio.io/WaypointBound`; absent: nothing yet. */
  readonly told: { readonly isBound: boolean; readonly message: string } | undefined
}

/** Reads all namespaces and Services, or those of one namespace where more may not be seen. */
export const readMesh = async (client: KubeClient, namespace: string): Promise<MeshView> => {
  const namespaces: KubeJson[] = []
  const services: KubeJson[] = []
  const all = await client.list(kubeResources.Namespace, { onItem: (item) => void namespaces.push(item) })
  const rest = all.ok && (await client.list(kubeResources.Service, { onItem: (item) => void services.push(item) }))
  if (rest !== false && rest.ok) return { namespaces, services, isWhole: true }
  for (const one of [all, rest]) {
    if (one !== false && !one.ok && one.failure.status !== 403) throw apiError(one.failure, 'look at what is bound')
  }
  return readOwnMesh(client, namespace)
}

/** Reads a namespace and its Services, for whoever asks often. */
export const readOwnMesh = async (client: KubeClient, namespace: string): Promise<MeshView> => {
  const own = await client.get(kubeResources.Namespace, { name: namespace })
  const services: KubeJson[] = []
  const listed = await client.list(kubeResources.Service, { namespace, onItem: (item) => void services.push(item) })
  demand(listed, `list Services in namespace ${namespace}`)
  return {
    namespaces: own.ok ? [{ kind: 'Namespace', apiVersion: 'v1', ...own.value }] : [],
    services,
    isWhole: false,
  }
}

/** Finds what is bound to a Gateway; its class is asked for labels, too. */
export const bindingOf = (gateway: KubeJson, gatewayClass: KubeJson | undefined, mesh: MeshView): Binding => {
  const { namespace = '', name } = gateway.metadata
  const typed = [{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', ...gateway }]
  const catalog = createCatalog(
    [...typed, ...(gatewayClass === undefined ? [] : [gatewayClass]), ...mesh.namespaces, ...mesh.services].map(
      sourceOf,
    ),
  )
  const options: TranslateOptions = { ...anyMesh, gateway: { namespace, name } }
  const chosen = chooseGateway(catalog, options)
  const bound = bindServices(catalog, chosen.gateway, options)
  const raw = new Map(
    mesh.services.map((service) => [`${service.metadata.namespace}/${service.metadata.name}`, service]),
  )
  return {
    namespaces: enrolledIn(catalog, namespace, name),
    services: [...bound.services].map(([key, { object }]) => boundService(object, raw.get(key))),
    refused: bound.conditions.filter(({ status }) => status !== 'True'),
    apart: [...catalog.services]
      .filter(
        ([key, { object }]) => object.metadata.namespace === namespace && !bound.services.has(key) && hasPods(object),
      )
      .map(([key]) => key),
  }
}

/** Binding depends on none of this. */
const anyMesh = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
} as const

const sourceOf = (value: KubeJson): SourcedObject => ({ read: readObject(value), locate: () => undefined })

/** Waypoints and gateways have Services, too; their Pods take no part in the mesh's capture. */
const hasPods = ({ selector, type }: ServiceObject): boolean =>
  type !== 'ExternalName' &&
  Object.keys(selector).length > 0 &&
  selector['gateway.networking.k8s.io/gateway-name'] === undefined

const enrolledIn = (catalog: Catalog, namespace: string, name: string): readonly string[] =>
  [...catalog.namespaces.values()].flatMap(({ object: { metadata } }) => {
    const isNamed =
      metadata.labels['istio.io/use-waypoint'] === name &&
      (metadata.labels['istio.io/use-waypoint-namespace'] ?? metadata.name) === namespace
    return isNamed ? [metadata.name] : []
  })

const boundService = ({ metadata, selector, clusterIPs }: ServiceObject, raw: KubeJson | undefined): BoundService => {
  const said = conditionsIn(raw?.['status']).find(({ type }) => type === 'istio.io/WaypointBound')
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    selector,
    isHeadless: clusterIPs.includes('None'),
    told: said === undefined ? undefined : { isBound: said.status === 'True', message: said.message },
  }
}
