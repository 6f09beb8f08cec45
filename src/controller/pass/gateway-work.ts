import type { Translation } from '../../config/translate/translate.ts'
import { isFault } from '../../model/condition.ts'
import type { WaypointSettings } from '../desired/gateway-plan.ts'
import { prepareGateway, type PreparedGateway } from '../desired/prepare-gateway.ts'
import type { ConfigMapKey } from '../desired/parameters/parameter-refs.ts'
import { listAt, textAt, type LiveObject } from '../manifest.ts'
import { reconcile, type Applied, type Reconciled } from '../reconcile/reconcile.ts'
import { reachOf } from './reach.ts'
import type { GatewayFacts, Refusal } from '../status/gateway-status.ts'
import { readyReplicas, rolloutTroubleOf } from '../status/ready-replicas.ts'
import type { ClusterView } from '../watch/cluster-watch.ts'
import type { OwnedGateway, Plan } from './plan-pass.ts'

/** What is known beside the Gateway itself. */
export interface GatewayScope {
  readonly view: ClusterView
  readonly plan: Pick<Plan, 'isAlive'>
  readonly configMaps: ReadonlyMap<ConfigMapKey, LiveObject>
  readonly systemNamespace: string
  readonly settings: WaypointSettings
  /** What was applied by this process already, by the key of the object. */
  readonly applied: ReadonlyMap<string, Applied>
}

/** What is to be done for a Gateway, and what its status will be made of. */
export interface GatewayWork extends Reconciled {
  readonly prepared: PreparedGateway
  readonly hostname: string
  /** All but what comes of writing. */
  readonly facts: Omit<GatewayFacts, 'failure' | 'now'>
}

/** Finds out what is to be done for one Gateway of ours. */
export const workOf = (owned: OwnedGateway, scope: GatewayScope): GatewayWork => {
  const { gateway, gatewayClass, translation } = owned
  const { view, configMaps, systemNamespace, settings, applied } = scope
  const reach = translation === undefined ? nowhere : reachOf(translation.model, view.objects)
  const prepared = prepareGateway(gateway, { gatewayClass, configMaps, systemNamespace, settings, reach })
  const { plan, manifests } = prepared
  const said = saidOf(gateway, translation)
  const refusal = prepared.refusal ?? said.refusal
  const objectId = `${plan.namespace}/${plan.objectName}`
  const hostname = `${plan.objectName}.${plan.namespace}.svc.${settings.clusterDomain}`
  const { actions, taken } =
    refusal === undefined && !isGoing(gateway)
      ? reconcile(
          { uid: plan.uid, manifests, mayDelete: mayDelete(gateway, hostname) },
          { objects: view.owned, applied },
          scope.plan.isAlive,
        )
      : { actions: [], taken: [] }
  return {
    prepared,
    hostname,
    actions,
    taken,
    facts: {
      refusal,
      note: said.note,
      hostname,
      readyReplicas: readyReplicas(view.owned, objectId, plan.uid),
      rolloutTrouble: rolloutTroubleOf(view.owned, objectId, plan.uid),
      attachedRoutes: translation === undefined ? 0 : countRoutes(translation),
    },
  }
}

/** Somebody has a finalizer on it: what it has stays until it is gone. */
const isGoing = (gateway: LiveObject): boolean => textAt(gateway, 'metadata', 'deletionTimestamp') !== ''

/** Under another name objects stay until the Gateway has its new address: ztunnels go on to the one that it has. */
const mayDelete = (gateway: LiveObject, hostname: string): boolean => {
  const addresses = listAt(gateway, 'status', 'addresses')
  return addresses.length === 0 || addresses.some((address) => textAt(address, 'value') === hostname)
}

/** What the translation says of the Gateway itself, as its waypoints do. */
const saidOf = (
  gateway: LiveObject,
  translation: Translation | undefined,
): { readonly refusal: Refusal | undefined; readonly note: string | undefined } => {
  const [name, namespace] = [textAt(gateway, 'metadata', 'name'), textAt(gateway, 'metadata', 'namespace')]
  const found = translation?.conditions.find(
    ({ object, type }) =>
      object.kind === 'Gateway' && object.name === name && object.namespace === namespace && type === 'Accepted',
  )
  if (found === undefined) return { refusal: undefined, note: undefined }
  const { reason, message } = found
  if (isFault(found)) return { refusal: { reason: acceptedReasons.get(reason) ?? 'Invalid', message }, note: undefined }
  const note = /^[^;]*; (.*)$/s.exec(message)?.[1]
  return { refusal: undefined, note }
}

/** What Gateway API calls it on a Gateway. */
const acceptedReasons: ReadonlyMap<string, string> = new Map([['Pending', 'Pending']])

const countRoutes = ({ conditions }: Translation): number =>
  new Set(
    conditions
      .filter(
        ({ object, parent, type, status }) =>
          isRouteKind(object.kind) && parent !== undefined && type === 'Accepted' && status === 'True',
      )
      .map(({ object }) => `${object.kind}/${object.namespace}/${object.name}`),
  ).size

const isRouteKind = (kind: string): boolean => kind.endsWith('Route')

const nowhere = { namespaces: [], certificates: [], secrets: [] }
