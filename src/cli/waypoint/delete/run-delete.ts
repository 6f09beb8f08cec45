/** Deletes waypoints: looks, says what it means, asks, and takes back in the order in which nothing is refused meanwhile. */
import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources, type KubeResource } from '../../../kube/resources.ts'
import { nearestWord } from '../../../lib/nearest.ts'
import { textsAt } from '../../../controller/manifest.ts'
import { usageError } from '../../arguments.ts'
import { apiError, demandOrNone, isNotThere } from '../../cluster/api-error.ts'
import { exitCodes, type ExitCode } from '../../exit-codes.ts'
import type { OutputFormat } from '../../terminal/print-as.ts'
import { CliError, type Terminal } from '../../verb.ts'
import { REVISION } from '../apply/gateway-manifest.ts'
import { createReport, titleOf, type Report } from '../apply/report.ts'
import type { DryRun } from '../apply/write-object.ts'
import {
  classOf,
  findClasses,
  isOwnClass,
  listWaypoints,
  requireGatewayApi,
  type Classes,
} from '../live/gateway-api.ts'
import { planDelete, takeBack, type DeletePlan } from './plan-delete.ts'

/** What the arguments ask for. */
export interface DeleteWish {
  readonly namespace: string
  /** Not given: all, or all of the revision. */
  readonly names: readonly string[] | undefined
  readonly revision: string | undefined
  /** Nobody is asked. */
  readonly isSure: boolean
  readonly dryRun: DryRun
  readonly format: OutputFormat
}

export interface DeleteTools {
  readonly client: KubeClient
  readonly terminal: Terminal
}

/** Does it. Throws `CliError` before anything is written when one of the waypoints is none of ours, or not there. */
export const runDelete = async (wish: DeleteWish, { client, terminal }: DeleteTools): Promise<ExitCode> => {
  const report = createReport(terminal, wish)
  await requireGatewayApi(client)
  const classes = await findClasses(client)
  const gateways = await choose(client, wish, classes)
  if (gateways.length === 0) {
    report.say(`there are no waypoints to delete in namespace ${wish.namespace}`)
    await report.print()
    return exitCodes.fine
  }
  const plans = await planDelete(client, wish.namespace, { gateways, classes })
  for (const plan of plans) tellMeaning(plan, report)
  if (!(await isAgreed(wish, plans, terminal))) {
    report.say('nothing was deleted')
    return exitCodes.failure
  }
  for (const plan of plans) await carryOut(client, plan, { report, dryRun: wish.dryRun })
  for (const left of new Set(plans.flatMap(({ leftovers }) => leftovers))) report.say(`left: ${left}`)
  await report.print()
  return exitCodes.fine
}

const choose = async (client: KubeClient, wish: DeleteWish, classes: Classes): Promise<readonly KubeJson[]> => {
  const { namespace, names, revision } = wish
  if (names === undefined) {
    const all = await listWaypoints(client, classes, namespace)
    return all.filter((one) => revision === undefined || textsAt(one, 'metadata', 'labels')[REVISION] === revision)
  }
  const found: KubeJson[] = []
  for (const name of names) {
    const doing = `read Gateway ${namespace}/${name}`
    const gateway = demandOrNone(await client.get(kubeResources.Gateway, { namespace, name }), doing)
    if (gateway === undefined) throw await notThere(client, { namespace, name, classes })
    if (!isOwnClass(classes, classOf(gateway))) {
      throw new CliError(
        exitCodes.failure,
        `Gateway ${namespace}/${name} is of class ${classOf(gateway)}, and no waypoint of ours: nothing was deleted`,
        { next: `whoever made it deletes it; kubectl delete gateway ${name} -n ${namespace} does it all the same` },
      )
    }
    found.push(gateway)
  }
  return found
}

const notThere = async (
  client: KubeClient,
  { namespace, name, classes }: { readonly namespace: string; readonly name: string; readonly classes: Classes },
): Promise<CliError> => {
  const others = (await listWaypoints(client, classes, namespace)).map(({ metadata }) => metadata.name)
  const near = nearestWord(name, others)
  const there = others.length === 0 ? 'there are none' : `there are ${others.join(', ')}`
  return new CliError(exitCodes.failure, `there is no waypoint ${namespace}/${name}: nothing was deleted`, {
    next: near === undefined ? `in namespace ${namespace} ${there}` : `did you mean ${near}?`,
  })
}

/** What goes on without it, before it is gone. */
const tellMeaning = ({ gateway, binding, enrolled, policies }: DeletePlan, report: Report): void => {
  const { namespace, name } = gateway.metadata
  const count = binding.services.filter(({ isHeadless }) => !isHeadless).length
  const services = count === 0 ? 'no Service goes' : count === 1 ? '1 Service goes' : `${count} Services go`
  const after = count === 0 ? '' : ': calls to them will go directly, without its routes and policies'
  report.say(`Gateway ${namespace}/${name}: ${services} through it${after}`)
  for (const { object } of policies)
    report.say(`  deletes AuthorizationPolicy ${namespace}/${object.metadata.name}, which enforces it`)
  if (enrolled !== undefined) report.say(`  takes label istio.io/use-waypoint from namespace ${enrolled.metadata.name}`)
}

const isAgreed = async (wish: DeleteWish, plans: readonly DeletePlan[], terminal: Terminal): Promise<boolean> => {
  if (wish.isSure || wish.dryRun !== 'none') return true
  const names = plans.map(({ gateway }) => gateway.metadata.name).join(', ')
  const answer = await terminal.ask(`Delete ${names} in namespace ${wish.namespace}? [y/N] `)
  if (answer !== undefined) return /^y(?:es)?$/i.test(answer.trim())
  throw usageError('nobody can be asked here: nothing was deleted', 'say --yes to delete without being asked')
}

interface Carrying {
  readonly report: Report
  readonly dryRun: DryRun
}

/** Policies first: without the waypoint they would refuse everything. The Gateway last: it carries until then. */
const carryOut = async (client: KubeClient, plan: DeletePlan, carrying: Carrying): Promise<void> => {
  const { report, dryRun } = carrying
  for (const { resource, object } of plan.policies) await remove(client, { resource, object }, carrying)
  if (plan.enrolled !== undefined) {
    const after = dryRun === 'client' ? plan.enrolled : await takeBack(client, plan.enrolled, dryRun === 'server')
    report.wrote({ resource: kubeResources.Namespace, live: plan.enrolled }, after, true)
  }
  await remove(client, { resource: kubeResources.Gateway, object: plan.gateway }, carrying)
}

const remove = async (
  client: KubeClient,
  { resource, object }: { readonly resource: KubeResource; readonly object: KubeJson },
  { report, dryRun }: Carrying,
): Promise<void> => {
  const { namespace, name, uid } = object.metadata
  if (dryRun !== 'client') {
    const done = await client.delete(resource, { namespace, name }, { uid, isDryRun: dryRun === 'server' })
    if (!done.ok && !isNotThere(done.failure)) throw apiError(done.failure, `delete ${titleOf(resource, object)}`)
  }
  report.deleted(resource, object)
}
