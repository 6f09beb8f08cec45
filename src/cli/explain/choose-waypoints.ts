/** Which waypoints of a cluster may have to do with a request. */
import { readObject } from '../../config/objects/read-object.ts'
import { createCatalog } from '../../config/translate/catalog.ts'
import { waypointsOf } from '../../config/translate/gateway/waypoint-labels.ts'
import type { SourcedObject } from '../../config/translate/options.ts'
import type { KubeClient, KubeJson } from '../../kube/client.ts'
import type { KubeFailure } from '../../kube/failure.ts'
import { kubeResources } from '../../kube/resources.ts'
import { apiError } from '../cluster/api-error.ts'
import { exitCodes } from '../exit-codes.ts'
import { CliError } from '../verb.ts'
import { readMesh, type MeshView } from '../waypoint/live/binding.ts'
import { classOf, findClasses, isOwnClass, keyOf, requireGatewayApi, sortByKey } from '../waypoint/live/gateway-api.ts'
import { servicesAt } from './unbound-services.ts'

/** What there is of waypoints, and of what may be bound to them. */
export interface MeshOfWaypoints {
  /** In the order of their names, one at least. */
  readonly gateways: readonly KubeJson[]
  /** Gateways and their classes, Namespaces and Services. */
  readonly objects: readonly SourcedObject[]
  readonly isWhole: boolean
}

/** Of which waypoints; `undefined`: all of the namespace. */
export interface WaypointChoice {
  readonly namespace: string | undefined
  readonly gateway: { readonly namespace: string; readonly name: string } | undefined
}

/** Reads them. Throws `CliError` where there is none. */
export const readWaypoints = async (
  client: KubeClient,
  { namespace, gateway }: WaypointChoice,
): Promise<MeshOfWaypoints> => {
  await requireGatewayApi(client)
  const classes = await findClasses(client)
  const home = gateway?.namespace ?? namespace
  const all = await listGateways(client, home)
  const gateways = all.filter(
    (one) =>
      isOwnClass(classes, classOf(one)) &&
      (home === undefined || one.metadata.namespace === home) &&
      (gateway === undefined || one.metadata.name === gateway.name),
  )
  if (gateways.length === 0) throw noWaypoint({ namespace: home, gateway })
  const mesh = await readMesh(client, home ?? client.connection.namespace)
  return { gateways, objects: sourcesOf([...classes.own.values()], all, mesh), isWhole: mesh.isWhole }
}

/** Of all namespaces, for a Service may be for one elsewhere; of one for whoever may not look at all. */
const listGateways = async (client: KubeClient, home: string | undefined): Promise<readonly KubeJson[]> => {
  const list = async (namespace: string | undefined): Promise<readonly KubeJson[] | KubeFailure> => {
    const found: KubeJson[] = []
    const listed = await client.list(kubeResources.Gateway, { namespace, onItem: (item) => void found.push(item) })
    return listed.ok ? sortByKey(found) : listed.failure
  }
  const all = await list(undefined)
  if (isList(all)) return all
  const own = all.status === 403 ? await list(home ?? client.connection.namespace) : all
  if (isList(own)) return own
  throw apiError(own, 'list Gateways')
}

const isList = (found: readonly KubeJson[] | KubeFailure): found is readonly KubeJson[] => Array.isArray(found)

/** More are not read in turn: each is some thirty lists. */
const MOST = 8

/** Those to ask, one at least: of a Service that is known those that its labels name, else all. Throws `CliError` for too many. */
export const chooseWaypoints = (
  { gateways, objects }: MeshOfWaypoints,
  authorities: readonly string[],
  clusterDomain: string,
): readonly KubeJson[] => {
  const catalog = createCatalog(objects)
  const services = authorities.flatMap((authority) => servicesAt(catalog, authority, clusterDomain))
  // A canary comes behind the one that it is to follow.
  const named = services.flatMap((service) => waypointsOf(service, catalog))
  const asked = [...new Set(named.map(({ namespace, name }) => `${namespace}/${name}`))].flatMap(
    (key) => gateways.find((one) => keyOf(one) === key) ?? [],
  )
  if (asked.length > 0) return asked
  // Whoever is asked says that it is not bound, and why stands in the labels.
  if (services.length > 0) return gateways.slice(0, 1)
  if (gateways.length <= MOST) return gateways
  throw new CliError(
    exitCodes.failure,
    `${gateways.length} waypoints may know ${authorities[0] ?? ''}, which is no Service that can be seen`,
    { next: 'name one with --gateway NS/NAME, or a namespace with -n' },
  )
}

const sourcesOf = (
  classes: readonly KubeJson[],
  gateways: readonly KubeJson[],
  { namespaces, services }: MeshView,
): readonly SourcedObject[] =>
  [
    ...classes.map((one) => ({ ...gatewayApi('GatewayClass'), ...one })),
    ...gateways.map((one) => ({ ...gatewayApi('Gateway'), ...one })),
    ...namespaces,
    ...services,
  ].map((value) => ({ read: readObject(value), locate: () => undefined }))

const gatewayApi = (kind: string) => ({ apiVersion: 'gateway.networking.k8s.io/v1', kind })

const noWaypoint = ({ namespace, gateway }: WaypointChoice): CliError => {
  const where = namespace === undefined ? 'in the cluster' : `in namespace ${namespace}`
  const what =
    gateway === undefined
      ? `there are no waypoints ${where}`
      : `there is no waypoint ${gateway.namespace}/${gateway.name}`
  return new CliError(exitCodes.failure, what, { next: 'fairway waypoint list -A shows those that there are' })
}

/** Of Deployments of waypoints, by `NAMESPACE/NAME`; or why they cannot be read. */
export const readDeployments = async (
  client: KubeClient,
  namespace: string | undefined,
): Promise<ReadonlyMap<string, KubeJson> | CliError> => {
  const found = new Map<string, KubeJson>()
  const listed = await client.list(kubeResources.Deployment, {
    namespace,
    labels: 'gateway.networking.k8s.io/gateway-name',
    onItem: (item) => void found.set(keyOf(item), item),
  })
  return listed.ok ? found : apiError(listed.failure, 'list Deployments')
}
