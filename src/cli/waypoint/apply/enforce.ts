import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources, type KubeResource } from '../../../kube/resources.ts'
import { demand, demandOrNone } from '../../cluster/api-error.ts'
import { exitCodes } from '../../exit-codes.ts'
import { CliError } from '../../verb.ts'
import { bindingOf, readMesh, type Binding } from '../live/binding.ts'
import { enforcementOf, enforcementWarnings, isEnforcementOf } from './enforcement.ts'
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

/** Asks whether the policies could be written, before anything is; throws `CliError` where they could not. */
export const rehearse = async (enforcing: Enforcing, gateway: KubeJson): Promise<void> => {
  if (enforcing.dryRun === 'client') return
  const { client, policyResource: resource, wait, isEnrolling } = enforcing
  const binding = await readBinding({ ...enforcing, isExpected: isEnrolling }, gateway)
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
  const binding =
    dryRun === 'none'
      ? await waitBound(enforcing)
      : await readBinding({ ...enforcing, isExpected: isEnrolling }, gateway)
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
}

/** What is bound; with `isExpected` the namespace counts as enrolled already. */
const readBinding = async (
  { client, gatewayClass, wait, isExpected = false }: Enforcing & { readonly isExpected?: boolean },
  gateway: KubeJson,
): Promise<Binding> => {
  const binding = bindingOf(gateway, gatewayClass, await readMesh(client, wait.namespace))
  return isExpected && !binding.namespaces.includes(wait.namespace)
    ? { ...binding, namespaces: [...binding.namespaces, wait.namespace] }
    : binding
}

const waitBound = (enforcing: Enforcing): Promise<Binding> => {
  const { client, wait } = enforcing
  const place = { namespace: wait.namespace, name: wait.name }
  const what = `Gateway ${wait.namespace}/${wait.name}`
  return waitUntil(`Services to go through ${what}`, wait, async (): Promise<Looked<Binding>> => {
    const gateway = demand(await client.get(kubeResources.Gateway, place), `read ${what}`)
    const binding = await readBinding(enforcing, gateway)
    const open = binding.services.find(
      ({ namespace, isHeadless, told }) => namespace === wait.namespace && !isHeadless && told?.isBound !== true,
    )
    if (open === undefined) return { value: binding }
    const said = open.told === undefined ? 'istiod has not said yet whether it is bound' : open.told.message
    return { reason: `Service ${open.namespace}/${open.name}: ${said}` }
  })
}
