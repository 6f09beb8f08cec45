/** What a cluster has to have so that there can be waypoints, and which of its Gateways are ours. */
import { CONTROLLER_NAME } from '../../../config/status/kube-status.ts'
import { listAt, textAt, textsAt, valueAt } from '../../../controller/manifest.ts'
import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources } from '../../../kube/resources.ts'
import { apiError, demand } from '../../cluster/api-error.ts'
import { exitCodes } from '../../exit-codes.ts'
import { CliError } from '../../verb.ts'

/** The class that the controller makes. */
export const OWN_CLASS = 'fairway-waypoint'

const GROUP = 'gateway.networking.k8s.io'

/** Throws `CliError` (1) for a cluster without the kinds of Gateway API, which says what to do. */
export const requireGatewayApi = async (client: KubeClient): Promise<void> => {
  const served = await client.served(GROUP, ['v1', 'v1beta1'])
  // Who may not look is told by the next question.
  if (!served.ok && served.failure.status === 403) return
  const kinds = demand(served, 'look for Gateway API')
  const has = (version: string): boolean =>
    kinds.some(({ resource }) => resource.kind === 'Gateway' && resource.version === version)
  if (has('v1')) return
  const found = has('v1beta1')
    ? `its definitions are too old (v1beta1 of ${GROUP}, expected v1)`
    : 'it is not installed'
  throw new CliError(exitCodes.failure, `${client.connection.server} has no Gateways of Gateway API: ${found}`, {
    next: `install the definitions first: https://gateway-api.sigs.k8s.io/guides/#installing-gateway-api`,
  })
}

/** The GatewayClasses that there are. */
export interface Classes {
  /** Those of ours, by name. */
  readonly own: ReadonlyMap<string, KubeJson>
  /** Names of those that are of other controllers. */
  readonly others: ReadonlyMap<string, string>
  /** `false`: they may not be read, and `fairway-waypoint` is taken for ours by its name. */
  readonly areKnown: boolean
}

/** Reads them; the right to is not needed. */
export const findClasses = async (client: KubeClient): Promise<Classes> => {
  const own = new Map<string, KubeJson>()
  const others = new Map<string, string>()
  const onItem = (item: KubeJson): void => {
    const controller = textAt(item, 'spec', 'controllerName')
    if (controller === CONTROLLER_NAME) own.set(item.metadata.name, item)
    else others.set(item.metadata.name, controller)
  }
  const listed = await client.list(kubeResources.GatewayClass, { onItem })
  if (!listed.ok && listed.failure.status !== 403) throw apiError(listed.failure, 'list GatewayClasses')
  return { own, others, areKnown: listed.ok }
}

/** Whether Gateways of a class become waypoints of ours; what one that is gone has made stays. */
export const isOwnClass = ({ own, others }: Classes, name: string): boolean =>
  own.has(name) || (name === OWN_CLASS && !others.has(name))

/** `spec.gatewayClassName` */
export const classOf = (gateway: KubeJson): string => textAt(gateway, 'spec', 'gatewayClassName')

/** What a condition says; `undefined` where there is none of the type. */
export interface SaidCondition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  /** Of the object's generation that was looked at; absent: not said. */
  readonly observedGeneration: number | undefined
}

/** The conditions of an object, as they were written. */
export const conditionsIn = (object: unknown): readonly SaidCondition[] =>
  listAt(object, 'conditions').map((one) => {
    const observedGeneration = valueAt(one, 'observedGeneration')
    return {
      type: textAt(one, 'type'),
      status: textAt(one, 'status'),
      reason: textAt(one, 'reason'),
      message: textAt(one, 'message'),
      observedGeneration: typeof observedGeneration === 'number' ? observedGeneration : undefined,
    }
  })

/** One of the conditions of a Gateway. */
export const conditionOf = (gateway: KubeJson, type: string): SaidCondition | undefined =>
  conditionsIn(gateway['status']).find((one) => one.type === type)

/** `istio.io/waypoint-for` of the Gateway, else of its class, else what istiod takes it for. */
export const trafficTypeOf = (gateway: KubeJson, { own }: Classes): string => {
  const label = (object: KubeJson | undefined): string | undefined =>
    textsAt(object, 'metadata', 'labels')['istio.io/waypoint-for']
  return label(gateway) ?? label(own.get(classOf(gateway))) ?? 'service'
}

/** `istio.io/rev` of the Gateway, as istioctl shows it. */
export const revisionOf = (gateway: KubeJson): string =>
  textsAt(gateway, 'metadata', 'labels')['istio.io/rev'] ?? 'default'

/** The waypoints of a namespace, or of all, in the order of their names. */
export const listWaypoints = async (
  client: KubeClient,
  classes: Classes,
  namespace: string | undefined,
): Promise<readonly KubeJson[]> => {
  const found: KubeJson[] = []
  const onItem = (item: KubeJson): void => void (isOwnClass(classes, classOf(item)) && found.push(item))
  const listed = await client.list(kubeResources.Gateway, { namespace, onItem })
  demand(listed, `list Gateways${namespace === undefined ? '' : ` in namespace ${namespace}`}`)
  return sortByKey(found)
}

/** `NAMESPACE/NAME` */
export const keyOf = ({ metadata }: KubeJson): string => `${metadata.namespace ?? ''}/${metadata.name}`

export const sortByKey = (objects: readonly KubeJson[]): readonly KubeJson[] =>
  objects.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
