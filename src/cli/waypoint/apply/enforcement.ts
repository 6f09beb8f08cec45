/**
 * What keeps traffic from going past a waypoint: AuthorizationPolicies for the ztunnels of the workloads behind it, which
 * admit the waypoint's identity. Why ALLOW, and where: docs/decisions/0044-enforcing-a-waypoint.md.
 */
import { planGateway } from '../../../controller/desired/plan-gateway.ts'
import { objectNameOf, labelValueOf } from '../../../controller/desired/names.ts'
import { MANAGED_BY, MANAGER, listAt, textAt, textsAt, valueAt } from '../../../controller/manifest.ts'
import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import type { KubeResult } from '../../../kube/failure.ts'
import { apiVersionOf, type KubeResource } from '../../../kube/resources.ts'
import { demand } from '../../cluster/api-error.ts'
import { exitCodes } from '../../exit-codes.ts'
import { CliError } from '../../verb.ts'
import type { Binding, BoundService } from '../live/binding.ts'

/** On policies of ours: the Gateway that they are for. */
export const ENFORCES = 'fairway.dev/enforces-waypoint'

const GROUP = 'security.istio.io'

/** Where AuthorizationPolicies stand in this cluster; `undefined` where it has none. */
export const servedPolicies = async (client: KubeClient): Promise<KubeResult<KubeResource | undefined>> => {
  const served = await client.served(GROUP, ['v1', 'v1beta1'])
  if (!served.ok) return served
  return { ok: true, value: served.value.find(({ resource }) => resource.kind === 'AuthorizationPolicy')?.resource }
}

/** The same for whoever needs them; throws `CliError` (1) where there are none. */
export const findPolicyResource = async (client: KubeClient): Promise<KubeResource> => {
  const found = demand(await servedPolicies(client), 'look for AuthorizationPolicies')
  if (found !== undefined) return found
  throw new CliError(
    exitCodes.failure,
    `--enforce needs AuthorizationPolicies (${GROUP}), and ${client.connection.server} has none: Istio is not installed`,
    {
      next: 'without --enforce the waypoint is applied as it is; ztunnels, which would carry the policy out, come with Istio',
    },
  )
}

/** Throws `CliError` (1) for a waypoint that takes no calls to Services: a policy would refuse all of those. */
export const requireServices = (trafficType: string): void => {
  if (trafficType === 'service' || trafficType === 'all') return
  throw new CliError(
    exitCodes.failure,
    `--enforce needs a waypoint for Services, and this one takes ${trafficType}: calls to Services go past it by design`,
    { next: '--for all takes calls to Services and to Pods; nothing was changed' },
  )
}

/**
 * The policies for a Gateway. A namespace that is enrolled gets one for all of its workloads, unless some of them go another way;
 * else each Service that is bound gets one for its Pods. Throws `CliError` (1) where nothing is bound: there is nothing that
 * could be gone past.
 */
export const enforcementOf = (gateway: KubeJson, binding: Binding, resource: KubeResource): readonly KubeJson[] => {
  const { namespace = '', name } = gateway.metadata
  const policy = (objectName: string, selector: BoundService['selector'] | undefined): KubeJson =>
    policyOf({ gateway, resource, objectName, selector })
  if (binding.namespaces.includes(namespace) && binding.apart.length === 0) return [policy(policyName(name), undefined)]
  const own = binding.services.filter((service) => service.namespace === namespace && !service.isHeadless)
  const selecting = own.filter(({ selector }) => Object.keys(selector).length > 0)
  if (selecting.length > 0) {
    return selecting.map((service) => policy(objectNameOf(`${policyName(name)}-${service.name}`), service.selector))
  }
  throw new CliError(
    exitCodes.failure,
    `nothing in namespace ${namespace} goes through Gateway ${namespace}/${name}: there is nothing to enforce`,
    { next: '--enroll-namespace binds all its Services; label istio.io/use-waypoint binds a single one' },
  )
}

const policyName = (gateway: string): string => objectNameOf(`fairway-enforce-${gateway}`)

const policyOf = ({
  gateway,
  resource,
  objectName,
  selector,
}: {
  readonly gateway: KubeJson
  readonly resource: KubeResource
  readonly objectName: string
  readonly selector: BoundService['selector'] | undefined
}): KubeJson => {
  const { namespace = '', name, uid } = gateway.metadata
  const { plan } = planGateway(gateway, { namespaces: [], certificates: [], secrets: [] })
  const owner = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name, uid }
  return {
    apiVersion: apiVersionOf(resource),
    kind: 'AuthorizationPolicy',
    metadata: {
      name: objectName,
      namespace,
      labels: { [MANAGED_BY]: MANAGER, [ENFORCES]: labelValueOf(name) },
      // Whoever deletes the Gateway by other means must not leave a namespace that admits nobody.
      ...(uid === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec: {
      ...(selector === undefined ? {} : { selector: { matchLabels: selector } }),
      action: 'ALLOW',
      // Of any trust domain: ztunnels take no peer of another one than theirs.
      rules: [{ from: [{ source: { principals: [`*/ns/${namespace}/sa/${plan.serviceAccount}`] } }] }],
    },
  }
}

/** Whether a policy was written by us for a Gateway. */
export const isEnforcementOf = (policy: KubeJson, gateway: string): boolean => {
  const labels = textsAt(policy, 'metadata', 'labels')
  return labels[MANAGED_BY] === MANAGER && labels[ENFORCES] === labelValueOf(gateway)
}

/** What somebody should know who enforces a waypoint: who is let in besides, and what will be refused. */
export const enforcementWarnings = (
  binding: Binding,
  policies: readonly KubeJson[],
  gateway: KubeJson,
): readonly string[] => {
  const { namespace = '', name } = gateway.metadata
  const others = policies.filter((policy) => !isEnforcementOf(policy, name) && admitsPast(policy))
  const headless = binding.services.filter((service) => service.isHeadless && service.namespace === namespace)
  const elsewhere = binding.namespaces.filter((one) => one !== namespace)
  const isPartly = binding.namespaces.includes(namespace) && binding.apart.length > 0
  const apart = `${binding.apart.join(', ')} ${binding.apart.length === 1 ? 'does' : 'do'} not go through it`
  return [
    ...(isPartly
      ? [`${apart}: each other Service gets a policy of its own, and one that comes later needs "apply" again`]
      : []),
    ...others.map(
      ({ metadata }) =>
        `AuthorizationPolicy ${metadata.namespace}/${metadata.name} lets others in as well, past the waypoint`,
    ),
    ...headless.map(
      (service) =>
        `Service ${service.namespace}/${service.name} is headless: what calls its Pods directly will be refused`,
    ),
    ...elsewhere.map(
      (one) => `namespace ${one} uses this waypoint too and gets no policy: traffic can go past it there`,
    ),
  ]
}

/** Policies that ztunnels carry out and that let somebody in; who that is was not written for this waypoint. */
const admitsPast = (policy: KubeJson): boolean => {
  const { spec } = policy
  const action = textAt(spec, 'action')
  const hasTarget = valueAt(spec, 'targetRef') !== undefined || listAt(spec, 'targetRefs').length > 0
  return (action === '' || action === 'ALLOW') && !hasTarget && listAt(spec, 'rules').length > 0
}
