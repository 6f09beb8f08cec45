import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources, type KubeResource } from '../../../kube/resources.ts'
import { listAt, textAt, valueAt } from '../../../controller/manifest.ts'
import { apiError, demand, isKindMissing } from '../../cluster/api-error.ts'
import { CLI_MANAGER, isWrittenByUs, otherWriters } from '../../cluster/field-owner.ts'
import { enrolledWith, USE_WAYPOINT } from '../apply/enrolment.ts'
import { isEnforcementOf, servedPolicies } from '../apply/enforcement.ts'
import { bindingOf, readMesh, type Binding } from '../live/binding.ts'
import { classOf, type Classes } from '../live/gateway-api.ts'

/** What is to be done about one waypoint. */
export interface DeletePlan {
  readonly gateway: KubeJson
  readonly binding: Binding
  /** Policies of ours that would admit nobody else. */
  readonly policies: readonly { readonly resource: KubeResource; readonly object: KubeJson }[]
  /** Its namespace, where we wrote the label that enrols it. */
  readonly enrolled: KubeJson | undefined
  /** What goes on naming the waypoint, and what to do about it. */
  readonly leftovers: readonly string[]
}

/** Looks at all that has to do with some waypoints of a namespace; nothing is changed. */
export const planDelete = async (
  client: KubeClient,
  namespace: string,
  { gateways, classes }: { readonly gateways: readonly KubeJson[]; readonly classes: Classes },
): Promise<readonly DeletePlan[]> => {
  const mesh = await readMesh(client, namespace)
  const policies = await readPolicies(client, namespace)
  const own = mesh.namespaces.find(({ metadata }) => metadata.name === namespace)
  return gateways.map((gateway): DeletePlan => {
    const { name } = gateway.metadata
    const binding = bindingOf(gateway, classes.own.get(classOf(gateway)), mesh)
    const there = own === undefined ? undefined : enrolledWith(own)
    const isEnrolled = there?.name === name && there.namespace === namespace
    const isOurs = own !== undefined && isWrittenByUs(own, LABEL) && otherWriters(own, LABEL).length === 0
    return {
      gateway,
      binding,
      policies: policies.filter(({ object }) => isEnforcementOf(object, name)),
      enrolled: isEnrolled && isOurs ? own : undefined,
      leftovers: [
        ...(isEnrolled && own !== undefined && !isOurs ? [leftNamespace(own)] : []),
        ...binding.namespaces.filter((one) => one !== namespace).map(leftOther),
        ...mesh.services.filter((service) => asksFor(service, namespace, name)).map(leftService),
        ...policies.filter(({ object }) => targets(object, name)).map(({ object }) => leftPolicy(object)),
        ...(mesh.isWhole ? [] : ['other namespaces may use it: you may not look at them']),
      ],
    }
  })
}

const LABEL = ['metadata', 'labels', USE_WAYPOINT]

const readPolicies = async (client: KubeClient, namespace: string): Promise<DeletePlan['policies']> => {
  const resource = demand(await servedPolicies(client), 'look for policies of the waypoint')
  if (resource === undefined) return []
  const policies: { readonly resource: KubeResource; readonly object: KubeJson }[] = []
  const listed = await client.list(resource, {
    namespace,
    onItem: (object) => void policies.push({ resource, object }),
  })
  if (!listed.ok && !isKindMissing(listed.failure)) {
    // One that is left over would refuse everything once the waypoint is gone.
    throw apiError(listed.failure, `look for policies of the waypoint in namespace ${namespace}`)
  }
  return policies
}

const leftNamespace = (namespace: KubeJson): string => {
  const { name } = namespace.metadata
  const writers = otherWriters(namespace, LABEL).join(', ') || 'somebody else'
  return `namespace ${name} keeps label ${USE_WAYPOINT}, which ${writers} wrote: kubectl label namespace ${name} ${USE_WAYPOINT}-`
}

const leftOther = (name: string): string =>
  `namespace ${name} keeps label ${USE_WAYPOINT}: kubectl label namespace ${name} ${USE_WAYPOINT}-`

/** Whether a Service names the waypoint itself. */
const asksFor = ({ metadata }: KubeJson, namespace: string, name: string): boolean =>
  metadata.labels?.[USE_WAYPOINT] === name &&
  (metadata.labels['istio.io/use-waypoint-namespace'] ?? metadata.namespace) === namespace

const leftService = ({ metadata: { namespace, name } }: KubeJson): string =>
  `Service ${namespace}/${name} keeps label ${USE_WAYPOINT}: kubectl label service ${name} -n ${namespace} ${USE_WAYPOINT}-`

const targets = ({ spec }: KubeJson, name: string): boolean =>
  [valueAt(spec, 'targetRef'), ...listAt(spec, 'targetRefs')].some(
    (ref) => textAt(ref, 'kind') === 'Gateway' && textAt(ref, 'name') === name,
  )

const leftPolicy = ({ metadata: { namespace, name } }: KubeJson): string =>
  `AuthorizationPolicy ${namespace}/${name} targets the waypoint: it is no longer in force`

/** The namespace as it is with our label taken back: apply with nothing in it takes all that we own. */
export const takeBack = async (client: KubeClient, namespace: KubeJson, isDryRun: boolean): Promise<KubeJson> => {
  const { name } = namespace.metadata
  const options = { fieldManager: CLI_MANAGER, isDryRun }
  return demand(
    await client.apply(kubeResources.Namespace, { metadata: { name } }, options),
    `take label ${USE_WAYPOINT} from namespace ${name}`,
  )
}
