/** What follows from the objects of a cluster, by the same functions that the controller and the waypoints use. */
import { readObject } from '../../../config/objects/read-object.ts'
import { kindApi } from '../../../config/objects/kind-apis.ts'
import type { KubeStatus } from '../../../config/status/kube-status.ts'
import { CONTROLLER_NAME } from '../../../config/status/kube-status.ts'
import { createCatalog, type Catalog } from '../../../config/translate/catalog.ts'
import type { SourcedObject, TranslateOptions } from '../../../config/translate/options.ts'
import { waypointOf } from '../../../config/translate/gateway/waypoint-labels.ts'
import type { Translation } from '../../../config/translate/translate.ts'
import type { ServiceObject } from '../../../config/objects/service.ts'
import { gatherStatuses } from '../../../controller/conditions/gather-conditions.ts'
import { createOwnership } from '../../../controller/conditions/ownership.ts'
import { createGatewayTranslation } from '../../../controller/conditions/translate-gateways.ts'
import type { GatewayPlan } from '../../../controller/desired/gateway-plan.ts'
import { labelValueOf } from '../../../controller/desired/names.ts'
import { objectKeyOf, planGateway } from '../../../controller/desired/plan-gateway.ts'
import { textAt, type LiveObject } from '../../../controller/manifest.ts'
import { meshedOptionsOf } from '../../../controller/pass/mesh-options.ts'
import { gatewayKey } from '../../../controller/pass/plan-pass.ts'
import { reachOf } from '../../../controller/pass/reach.ts'
import { startedWith } from '../../cluster/started-with.ts'
import { indexPods, isLive, podsOf } from '../look/pods.ts'
import { keyOfLive, labelsOf, nameOf } from '../look/live.ts'
import type { MeshInput } from './mesh-input.ts'
import { conditionsAt } from '../../../model/condition.ts'

/** A Gateway of ours, and all that belongs to it. */
export interface Waypoint {
  /** `NAMESPACE/NAME` */
  readonly key: string
  readonly gateway: LiveObject
  readonly gatewayClass: LiveObject
  readonly translation: Translation
  readonly plan: GatewayPlan
  readonly services: readonly BoundService[]
  /** Its replicas: Pods that have not ended. */
  readonly pods: readonly LiveObject[]
}

/** A Service that is bound to a waypoint of ours. */
export interface BoundService {
  /** `NAMESPACE/NAME` */
  readonly key: string
  readonly live: LiveObject
  readonly object: ServiceObject
  readonly waypoint: string
  /** What it selects: Pods that have not ended. */
  readonly pods: readonly LiveObject[]
}

export interface Facts {
  readonly options: TranslateOptions
  /** Why the MeshConfig cannot be read; the options are then those of a mesh that says nothing. */
  readonly meshFault: string | undefined
  readonly classes: readonly LiveObject[]
  readonly waypoints: readonly Waypoint[]
  readonly services: readonly BoundService[]
  /** Objects as waypoints have them. */
  readonly objects: readonly SourcedObject[]
  readonly catalog: Catalog
  /** What the controller says of objects, or would; by `KIND/NAMESPACE/NAME`. */
  readonly statuses: ReadonlyMap<string, KubeStatus>
  /** Which waypoint the labels of a Service or of its Namespace ask for, of whatever class. */
  readonly wantedBy: (key: string) => { readonly namespace: string; readonly name: string } | undefined
}

interface FactsInput extends MeshInput {
  readonly all: (kind: string) => readonly LiveObject[]
}

/** Kinds that the controller reads as well, and of which it makes what it says. */
const translated: readonly string[] = [
  ...['GatewayClass', 'Gateway', 'Namespace', 'Service', 'HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'],
  ...['ReferenceGrant', 'BackendTLSPolicy', 'XBackendTrafficPolicy', 'ServiceEntry', 'AuthorizationPolicy'],
  ...['RequestAuthentication', 'Telemetry', 'ConfigMap'],
]

/** Works it all out. */
export const deriveFacts = (input: FactsInput): Facts => {
  const { all, readings } = input
  const mesh = readMesh(input)
  const own = [...readings.keys()].filter((kind) => kindApi(kind)?.group === 'fairway.dev')
  const labelled = all('Pod').filter((pod) => isLive(pod) && labelsOf(pod)['istio.io/use-waypoint'] !== undefined)
  const objects = [...[...translated, ...own].flatMap(all), ...labelled].map(sourceOf)
  const catalog = createCatalog(objects)
  const classes = all('GatewayClass').filter((one) => textAt(one, 'spec', 'controllerName') === CONTROLLER_NAME)
  const classOf = new Map(classes.map((one) => [nameOf(one), one]))
  const gateways = all('Gateway').filter((one) => classOf.has(textAt(one, 'spec', 'gatewayClassName')))
  const refs = gateways.map((one) => ({
    key: gatewayKey(one),
    className: textAt(one, 'spec', 'gatewayClassName'),
  }))
  const ownership = createOwnership(objects, refs, mesh.options.rootNamespace)
  const deployments = new Map(all('Deployment').map((one) => [keyOfLive(one), one]))
  const asStarted = new Map(gateways.map((one) => [gatewayKey(one), mesh.optionsOf(deployments.get(objectKeyOf(one)))]))
  const translations = createGatewayTranslation((key) => asStarted.get(key) ?? mesh.options)(objects, refs, ownership)
  const waypoints = createWaypoints(gateways, { all, classOf, translations, catalog, objects })
  return {
    options: mesh.options,
    meshFault: mesh.meshFault,
    classes,
    waypoints,
    services: waypoints.flatMap(({ services }) => services),
    objects,
    catalog,
    statuses: gatherStatuses(
      [...translations.values()].flatMap(({ conditions }) => conditionsAt(conditions, input.nowMs)),
      objects,
      ownership,
    ),
    wantedBy: (key) => {
      const service = catalog.services.get(key)?.object
      return service === undefined ? undefined : waypointOf(service, catalog)
    },
  }
}

interface Surroundings {
  readonly all: FactsInput['all']
  readonly classOf: ReadonlyMap<string, LiveObject>
  readonly translations: ReadonlyMap<string, Translation>
  readonly catalog: Catalog
  readonly objects: readonly SourcedObject[]
}

const createWaypoints = (
  gateways: readonly LiveObject[],
  { all, classOf, translations, catalog, objects }: Surroundings,
): readonly Waypoint[] => {
  const pods = indexPods(all('Pod').filter(isLive))
  const live = new Map(all('Service').map((one) => [keyOfLive(one), one]))
  return gateways.flatMap((gateway): readonly Waypoint[] => {
    const key = gatewayKey(gateway)
    const translation = translations.get(key)
    const gatewayClass = classOf.get(textAt(gateway, 'spec', 'gatewayClassName'))
    if (translation === undefined || gatewayClass === undefined) return []
    const services = translation.model.services.flatMap(({ key: id }): readonly BoundService[] => {
      const [object, service] = [catalog.services.get(id)?.object, live.get(id)]
      if (object === undefined || service === undefined) return []
      return [{ key: id, live: service, object, waypoint: key, pods: podsOf(service, pods) }]
    })
    const { plan } = planGateway(gateway, reachOf(translation.model, objects))
    const name = `${plan.namespace} gateway.networking.k8s.io/gateway-name=${labelValueOf(plan.name)}`
    return [{ key, gateway, gatewayClass, translation, plan, services, pods: pods.get(name) ?? [] }]
  })
}

/** What the mesh says, and what that comes to for a waypoint with its Deployment. */
interface MeshWords extends Pick<Facts, 'options' | 'meshFault'> {
  readonly optionsOf: (deployment: LiveObject | undefined) => TranslateOptions
}

const readMesh = ({ all, settings }: FactsInput): MeshWords => {
  const { istioNamespace, clusterDomain } = settings
  const base: TranslateOptions = {
    clusterDomain,
    trustDomain: 'cluster.local',
    rootNamespace: istioNamespace,
    pathNormalization: 'BASE',
  }
  const configMap = all('ConfigMap').find((one) => keyOfLive(one) === `${istioNamespace}/istio`)
  const meshed = meshedOptionsOf(base, configMap)
  const optionsOf: MeshWords['optionsOf'] = (deployment) => {
    const { options, flags } = startedWith(deployment, base)
    const found = meshedOptionsOf(options, configMap, flags)
    return found.ok ? found.options : options
  }
  return meshed.ok
    ? { options: meshed.options, meshFault: undefined, optionsOf }
    : { options: base, meshFault: meshed.message, optionsOf }
}

/** Of statuses only those of ServiceEntries count, which have their addresses there. */
const sourceOf = (object: LiveObject): SourcedObject => {
  const { status: _said, ...rest } = object
  const keepsStatus = object['kind'] === 'ServiceEntry' || object['kind'] === 'Pod'
  return { read: readObject(keepsStatus ? object : rest), locate: () => undefined }
}
