/** How the waypoints of a cluster are: what was written of them and of all that has to do with them. */
import { kindApi } from '../../../config/objects/kind-apis.ts'
import { chooseResource, followedKinds, type FollowedKind } from '../../../controller/watch/kinds.ts'
import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import type { Condition } from '../../../model/condition.ts'
import type { KubeResource } from '../../../kube/resources.ts'
import { apiError, demand, formatMissingRight, missingRightOf } from '../../cluster/api-error.ts'
import type { StatusItem, StatusReport } from '../status-report.ts'
import { bindingOf, readMesh, type Binding, type MeshView } from './binding.ts'
import { classOf, findClasses, listWaypoints, requireGatewayApi, revisionOf, trafficTypeOf } from './gateway-api.ts'
import { objectKeyOf } from '../../../controller/desired/plan-gateway.ts'
import { addressOf, readReplicas } from './list-waypoints.ts'
import { writtenConditions } from './written-conditions.ts'

/** One waypoint. */
export interface WaypointSummary {
  readonly namespace: string
  readonly name: string
  readonly className: string
  readonly revision: string
  readonly trafficType: string
  /** What is said of Programmed; `Unknown` where nothing is. */
  readonly programmed: Pick<Condition, 'status' | 'reason' | 'message'>
  /** Ready and wanted: `2/2`; `-`: not there, or not to be seen. */
  readonly replicas: string
  readonly address: string | undefined
  /** Namespaces that are enrolled with it, and Services that go through it: `NAMESPACE/NAME`. */
  readonly namespaces: readonly string[]
  readonly services: readonly string[]
}

/** What `waypoint status` shows of a cluster. */
export interface LiveStatus {
  readonly waypoints: readonly WaypointSummary[]
  readonly report: StatusReport
  /** What could not be looked at. */
  readonly gaps: readonly string[]
}

/** Reads it for a namespace, or for all. */
export const loadLiveStatus = async (client: KubeClient, namespace: string | undefined): Promise<LiveStatus> => {
  await requireGatewayApi(client)
  const classes = await findClasses(client)
  const gateways = await listWaypoints(client, classes, namespace)
  if (gateways.length === 0) return { waypoints: [], report: { gateway: undefined, items: [], stray: [] }, gaps: [] }
  const mesh = await readMesh(client, namespace ?? client.connection.namespace)
  const replicas = await readReplicas(client, namespace)
  const bindings = gateways.map((gateway) => bindingOf(gateway, classes.own.get(classOf(gateway)), mesh))
  const told = await readTold(client, namespace)
  const items = [
    ...gateways.map((gateway) => itemOf('Gateway', gateway)),
    ...bindings.flatMap((binding) => boundItems(binding, namespace)),
    ...told.items,
  ]
  return {
    waypoints: gateways.map((gateway, at) => ({
      namespace: gateway.metadata.namespace ?? '',
      name: gateway.metadata.name,
      className: classOf(gateway),
      revision: revisionOf(gateway),
      trafficType: trafficTypeOf(gateway, classes),
      programmed: writtenConditions('Gateway', gateway).find(({ type }) => type === 'Programmed') ?? unsaid,
      replicas: replicas.get(objectKeyOf(gateway)) ?? '-',
      address: addressOf(gateway),
      namespaces: bindings[at]?.namespaces ?? [],
      services: carried(bindings[at]).map((service) => `${service.namespace}/${service.name}`),
    })),
    report: { gateway: undefined, items, stray: [] },
    gaps: [...gapsOf(mesh), ...told.gaps],
  }
}

/** Calls to a headless Service are calls to its Pods. */
const carried = (binding: Binding | undefined): Binding['services'] =>
  binding?.services.filter(({ isHeadless }) => !isHeadless) ?? []

const unsaid = {
  status: 'Unknown',
  reason: 'Pending',
  message: 'nothing is said of it yet: is the controller running?',
} as const

const gapsOf = ({ isWhole }: MeshView): readonly string[] =>
  isWhole ? [] : ['you may not look at all namespaces and Services: what is bound from elsewhere is not shown']

const itemOf = (kind: string, object: KubeJson): StatusItem => ({
  object: { kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name },
  conditions: writtenConditions(kind, object),
  source: undefined,
  issues: [],
})

/** Services that ask for a waypoint and are not bound are findings, like everything that has no effect. */
const boundItems = ({ refused }: Binding, namespace: string | undefined): readonly StatusItem[] =>
  refused
    .filter(({ object }) => namespace === undefined || object.namespace === namespace)
    .map((condition) => ({ object: condition.object, conditions: [condition], source: undefined, issues: [] }))

/** Kinds that are looked at in other ways. */
const elsewhere: ReadonlySet<string> = new Set([
  'Gateway',
  'GatewayClass',
  'Namespace',
  'Service',
  'ReferenceGrant',
  'ServiceEntry',
])

/** Every object of a kind that the controller writes about. */
const readTold = async (
  client: KubeClient,
  namespace: string | undefined,
): Promise<{ readonly items: readonly StatusItem[]; readonly gaps: readonly string[] }> => {
  const items: StatusItem[] = []
  const gaps: string[] = []
  for (const { followed, resource } of await findKinds(client)) {
    const onItem = (object: KubeJson): void => void items.push(itemOf(followed.kind, object))
    const listed = await client.list(resource, { namespace, onItem })
    if (listed.ok) continue
    const right = missingRightOf(listed.failure)
    if (right === undefined) throw apiError(listed.failure, `list ${resource.plural}`)
    gaps.push(`${formatMissingRight(right)}: they are not shown`)
  }
  return { items, gaps }
}

const findKinds = async (
  client: KubeClient,
): Promise<readonly { readonly followed: FollowedKind; readonly resource: KubeResource }[]> => {
  const wanted = followedKinds().filter(
    ({ kind, as }) => as === 'read' && !elsewhere.has(kind) && kindApi(kind) !== undefined,
  )
  const found = await Promise.all(
    [...Map.groupBy(wanted, ({ group }) => group)].map(async ([group, kinds]) => {
      const versions = [...new Set(kinds.flatMap((one) => one.versions))]
      const served = demand(await client.served(group, versions), `look for kinds of ${group}`).map(
        ({ resource }) => resource,
      )
      return kinds.flatMap((followed) => {
        const resource = chooseResource(followed, served)
        return resource === undefined ? [] : [{ followed, resource }]
      })
    }),
  )
  return found.flat()
}
