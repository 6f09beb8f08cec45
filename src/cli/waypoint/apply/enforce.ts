import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources, type KubeResource } from '../../../kube/resources.ts'
import { apiError, demand, demandOrNone, isNotThere } from '../../cluster/api-error.ts'
import { exitCodes } from '../../exit-codes.ts'
import { CliError } from '../../verb.ts'
import { bindingOf, readMesh, readOwnMesh, type Binding, type BoundService } from '../live/binding.ts'
import { USE_WAYPOINT, USE_WAYPOINT_NAMESPACE } from './enrolment.ts'
import { MANAGED_BY, MANAGER } from '../../../controller/manifest.ts'
import { labelValueOf } from '../../../controller/desired/names.ts'
import { ENFORCES, enforcementOf, enforcementWarnings, isEnforcementOf, servedPolicies } from './enforcement.ts'
import type { Report } from './report.ts'
import { waitUntil, type Looked, type Wait } from './wait-ready.ts'
import { previewWrite, type DryRun, type ObjectWrite } from './write-object.ts'

/** What is needed to enforce a waypoint. */
export interface Enforcing {
  readonly client: KubeClient
  readonly report: Report
  readonly wait: Wait
  readonly gatewayClass: KubeJson | undefined
  readonly policyResource: KubeResource
  readonly dryRun: DryRun
  /** Whether the namespace is enrolled with it now, or would be by now if this were not a dry run. */
  readonly isEnrolling: boolean
}

/**
 * Throws `CliError` (1) where a namespace that is to be enrolled admits what comes through another waypoint, and nothing else.
 * Where policies may not be seen nobody knows.
 */
export const refuseEnforced = async (client: KubeClient, namespace: string, name: string): Promise<void> => {
  const served = await servedPolicies(client)
  if (!served.ok || served.value === undefined) return
  const others: KubeJson[] = []
  const labels = `${MANAGED_BY}=${MANAGER},${ENFORCES},${ENFORCES}!=${labelValueOf(name)}`
  await client.list(served.value, { namespace, labels, onItem: (item) => void others.push(item) })
  const [other] = others
  if (other === undefined) return
  const waypoint = other.metadata.labels?.[ENFORCES]
  throw new CliError(
    exitCodes.failure,
    `AuthorizationPolicy ${namespace}/${other.metadata.name} admits what comes through waypoint ${waypoint}: through ${name} everything would be refused; nothing was changed`,
    {
      next: `--enforce admits ${name} as well; fairway waypoint delete ${waypoint} -n ${namespace} takes the policy away`,
    },
  )
}

/** Asks whether the policies could be written, before anything is; throws `CliError` where they could not. */
export const rehearse = async (enforcing: Enforcing, gateway: KubeJson): Promise<void> => {
  if (enforcing.dryRun === 'client') return
  const { client, policyResource: resource, wait, isEnrolling } = enforcing
  const binding = await readBinding({ ...enforcing, isExpected: isEnrolling }, gateway, readOwnMesh)
  const { uid: _none, ...metadata } = gateway.metadata
  for (const policy of enforcementOf({ ...gateway, metadata }, binding, resource)) {
    const { namespace, name } = policy.metadata
    const doing = `apply AuthorizationPolicy ${namespace}/${name}`
    const there = demandOrNone(
      await client.get(resource, { namespace, name }),
      `read AuthorizationPolicy ${namespace}/${name}`,
    )
    if (there !== undefined && !isEnforcementOf(there, wait.name)) {
      throw new CliError(
        exitCodes.failure,
        `AuthorizationPolicy ${namespace}/${name} is there, and not ours: nothing was changed`,
        {
          next: 'delete or rename it, and try again',
        },
      )
    }
    await previewWrite(client, { resource, wanted: policy, live: there, isForced: false, doing }, 'server')
  }
}

/**
 * Writes the policies, once istiod says that what they protect goes through the waypoint: before, they would refuse what
 * still comes directly.
 */
export const enforce = async (
  enforcing: Enforcing,
  gateway: KubeJson,
  write: (one: ObjectWrite) => Promise<KubeJson>,
): Promise<void> => {
  const { client, report, policyResource: resource, wait, dryRun, isEnrolling } = enforcing
  if (dryRun === 'none') await waitBound(enforcing)
  const isExpected = dryRun !== 'none' && isEnrolling
  const binding = await readBinding({ ...enforcing, isExpected }, gateway, readMesh)
  const wanted = enforcementOf(gateway, binding, resource)
  const all: KubeJson[] = []
  const onItem = (item: KubeJson): void => void all.push(item)
  const doing = `list AuthorizationPolicies in namespace ${wait.namespace}`
  demand(await client.list(resource, { namespace: wait.namespace, onItem }), doing)
  for (const warning of enforcementWarnings(binding, all, gateway)) report.warn(warning)
  for (const policy of wanted) {
    const { namespace, name } = policy.metadata
    const live = all.find(({ metadata }) => metadata.name === name)
    await write({
      resource,
      wanted: policy,
      live,
      isForced: false,
      doing: `apply AuthorizationPolicy ${namespace}/${name}`,
    })
  }
  const stale = all.filter((one) => isEnforcementOf(one, wait.name) && !wanted.some((other) => isNamesake(one, other)))
  for (const policy of stale) await remove(enforcing, policy)
}

const isNamesake = (a: KubeJson, b: KubeJson): boolean => a.metadata.name === b.metadata.name

/** Of a Service that no longer goes through the waypoint, whose Pods would refuse everybody. */
const remove = async (
  { client, report, policyResource: resource, dryRun }: Enforcing,
  policy: KubeJson,
): Promise<void> => {
  const { namespace, name, uid } = policy.metadata
  if (dryRun === 'none') {
    const done = await client.delete(resource, { namespace, name }, { uid })
    if (!done.ok && !isNotThere(done.failure)) {
      throw apiError(done.failure, `delete AuthorizationPolicy ${namespace}/${name}`)
    }
  }
  report.deleted(resource, policy)
}

/** What is bound; with `isExpected` the namespace counts as enrolled already. */
const readBinding = async (
  { client, gatewayClass, wait, isExpected = false }: Enforcing & { readonly isExpected?: boolean },
  gateway: KubeJson,
  read: typeof readMesh,
): Promise<Binding> => {
  const { namespace, name } = wait
  const mesh = await read(client, namespace)
  const expected = (one: KubeJson): KubeJson =>
    isExpected && one.metadata.name === namespace ? withEnrolment(one, name) : one
  return bindingOf(gateway, gatewayClass, { ...mesh, namespaces: mesh.namespaces.map(expected) })
}

const withEnrolment = (namespace: KubeJson, gateway: string): KubeJson => {
  const { metadata } = namespace
  const labels = { ...metadata.labels, [USE_WAYPOINT]: gateway, [USE_WAYPOINT_NAMESPACE]: metadata.name }
  return { ...namespace, metadata: { ...metadata, labels } }
}

const waitBound = (enforcing: Enforcing): Promise<true> => {
  const { client, wait } = enforcing
  const place = { namespace: wait.namespace, name: wait.name }
  const what = `Gateway ${wait.namespace}/${wait.name}`
  return waitUntil(`Services to go through ${what}`, wait, async (): Promise<Looked<true>> => {
    const gateway = demand(await client.get(kubeResources.Gateway, place), `read ${what}`)
    const binding = await readBinding(enforcing, gateway, readOwnMesh)
    for (const service of binding.services) {
      const reason = service.namespace === wait.namespace ? reasonToWait(service, place) : undefined
      if (reason !== undefined) return { reason: `Service ${service.namespace}/${service.name}: ${reason}` }
    }
    return { value: true }
  })
}

/** Why what protects a Service cannot be in force yet; of headless ones nothing is ever said. */
const reasonToWait = (
  { isHeadless, told }: BoundService,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string | undefined => {
  if (isHeadless) return undefined
  if (told === undefined) return 'istiod has not said yet whether it is bound'
  if (!told.isBound) return told.message
  // It says so of the waypoint before this one, too, until it has looked.
  const [, other] = /waypoint ([a-z0-9.-]+\/[a-z0-9.-]+)/.exec(told.message) ?? []
  return other === undefined || other === `${namespace}/${name}` ? undefined : `istiod still says: ${told.message}`
}
