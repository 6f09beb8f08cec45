/** Applies a waypoint: looks, shows what would change, writes, waits, enrols, enforces, in this order. */
import { textsAt } from '../../../controller/manifest.ts'
import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources } from '../../../kube/resources.ts'
import { systemClock } from '../../../lib/clock.ts'
import { demandOrNone } from '../../cluster/api-error.ts'
import { isWrittenByUs } from '../../cluster/field-owner.ts'
import { exitCodes } from '../../exit-codes.ts'
import type { OutputFormat } from '../../terminal/print-as.ts'
import { CliError, type Terminal } from '../../verb.ts'
import {
  classOf,
  conditionsIn,
  findClasses,
  isOwnClass,
  requireGatewayApi,
  trafficTypeOf,
  type Classes,
} from '../live/gateway-api.ts'
import { ambientWarning, enrolmentOf, readNamespace } from './enrolment.ts'
import { findPolicyResource, requireServices } from './enforcement.ts'
import { enforce, refuseEnforced, rehearse } from './enforce.ts'
import { gatewayManifest, REVISION, WAYPOINT_FOR, type GatewayWish } from './gateway-manifest.ts'
import { createReport, type Report } from './report.ts'
import { waitReady, type Wait } from './wait-ready.ts'
import { previewWrite, sendWrite, type DryRun, type ObjectWrite, type Preview } from './write-object.ts'

/** What the flags ask for. */
export interface ApplyWish {
  readonly namespace: string
  readonly gateway: GatewayWish
  readonly isEnrolling: boolean
  readonly isOverwriting: boolean
  readonly isEnforcing: boolean
  readonly isWaiting: boolean
  readonly timeoutMs: number
  readonly dryRun: DryRun
  readonly isForced: boolean
  readonly format: OutputFormat
}

/** What it works with. */
export interface ApplyTools {
  readonly client: KubeClient
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** What was found before anything was written. */
interface Found {
  /** Absent where it may not be read. */
  readonly namespace: KubeJson | undefined
  readonly gateway: KubeJson | undefined
  readonly classes: Classes
}

/**
 * Does it; throws `CliError` for what cannot be. All that the API server can tell beforehand it is asked before anything is
 * written: nobody is left with a Gateway and without the right to enrol.
 */
export const runApply = async (wish: ApplyWish, { client, terminal, signal }: ApplyTools): Promise<void> => {
  const report = createReport(terminal, wish)
  await requireGatewayApi(client)
  const found = await look(client, wish, report)
  const policyResource = wish.isEnforcing ? await findPolicyResource(client) : undefined
  const enrolling = wish.isEnrolling ? enrolmentWrite(found, wish) : undefined
  if (wish.isEnrolling && !wish.isEnforcing) await refuseEnforced(client, wish.namespace, wish.gateway.name)
  const gateway = await preview(client, report, gatewayWrite(found, wish))
  const enrolment = enrolling === undefined ? undefined : await preview(client, report, enrolling)
  const { name } = wish.gateway
  const { namespace, timeoutMs } = wish
  const wait: Wait = { namespace, name, timeoutMs, clock: systemClock, signal, onReason: report.waiting }
  const gatewayClass = found.classes.own.get(wish.gateway.className)
  const enforcing = policyResource && { ...wish, client, report, wait, gatewayClass, policyResource }
  if (enforcing !== undefined) {
    requireServices(trafficTypeOf(gateway.preview.after, found.classes))
    await rehearse(enforcing, gateway.preview.after)
  }
  const written = await write(client, report, gateway)
  const applied = 'Gateway applied'
  const ready =
    wish.isWaiting && wish.dryRun === 'none'
      ? await tellingWhatIsLeft(
          [applied, wish.isEnrolling && 'namespace not enrolled', wish.isEnforcing && 'nothing enforced'],
          waitFor(client, wait, report),
        )
      : written
  if (enrolment !== undefined) await write(client, report, enrolment)
  if (enforcing !== undefined) {
    const enforced = enforce(enforcing, ready, async (one) => write(client, report, await preview(client, report, one)))
    await tellingWhatIsLeft([applied, wish.isEnrolling && 'namespace enrolled', 'not enforced'], enforced)
  }
  await report.print()
}

const gatewayWrite = ({ gateway }: Found, { namespace, gateway: wish, isForced }: ApplyWish): ObjectWrite => ({
  resource: kubeResources.Gateway,
  wanted: gatewayManifest({ ...wish, ...keptLabels(gateway, wish) }),
  live: gateway,
  isForced,
  doing: `apply Gateway ${namespace}/${wish.name}`,
})

const enrolmentWrite = ({ namespace: live }: Found, wish: ApplyWish): ObjectWrite => {
  const { namespace, gateway } = wish
  if (live === undefined) throw new Error('a namespace that is to be enrolled was read')
  return {
    resource: kubeResources.Namespace,
    wanted: enrolmentOf(live, { namespace, name: gateway.name }, wish),
    live,
    // What is overwritten was looked at.
    isForced: true,
    doing: `enrol namespace ${namespace}`,
  }
}

const look = async (client: KubeClient, wish: ApplyWish, report: Report): Promise<Found> => {
  const { namespace, gateway } = wish
  const read = await readNamespace(client, namespace, { isNeeded: wish.isEnrolling })
  const warning =
    'warning' in read ? read.warning : wish.isEnrolling || wish.isEnforcing ? ambientWarning(read.object) : undefined
  if (warning !== undefined) report.warn(warning)
  const classes = await findClasses(client)
  judgeClass(classes, gateway.className, report)
  const name = `${namespace}/${gateway.name}`
  const live = demandOrNone(
    await client.get(kubeResources.Gateway, { namespace, name: gateway.name }),
    `read Gateway ${name}`,
  )
  if (live !== undefined) refuseForeign(live, classes, name)
  return { namespace: 'object' in read ? read.object : undefined, gateway: live, classes }
}

/** Throws for a class of somebody else's; warns of one that nobody looks after. */
const judgeClass = (classes: Classes, name: string, report: Report): void => {
  const other = classes.others.get(name)
  if (other !== undefined) {
    throw new CliError(
      exitCodes.failure,
      `GatewayClass ${name} is of another controller (${other}): its Gateways are no waypoints of ours`,
      {
        next: 'leave out --class, or name one whose controllerName is fairway.dev/waypoint-controller',
      },
    )
  }
  if (!classes.areKnown) return
  const found = classes.own.get(name)
  if (found === undefined) {
    report.warn(
      `GatewayClass ${name} is not there: the controller makes it when it runs; until then nothing becomes of the Gateway`,
    )
  } else if (conditionsIn(found['status']).find(({ type }) => type === 'Accepted')?.status !== 'True') {
    report.warn(
      `GatewayClass ${name} is not accepted: is the controller running? Until it is nothing becomes of the Gateway`,
    )
  }
}

/** A Gateway of another controller is not for us to change, whatever its name. */
const refuseForeign = (live: KubeJson, classes: Classes, name: string): void => {
  const className = classOf(live)
  if (live.metadata.deletionTimestamp !== undefined) {
    throw new CliError(exitCodes.failure, `Gateway ${name} is being deleted`, {
      next: 'wait until it is gone, and try again',
    })
  }
  if (isOwnClass(classes, className)) return
  throw new CliError(
    exitCodes.failure,
    `Gateway ${name} is there, of class ${className}, and no waypoint of ours: nothing was changed`,
    {
      next: 'take another name with --name; both can stand side by side while Services move from one to the other',
    },
  )
}

/** What the flags do not say stays as we wrote it before. */
const keptLabels = (live: KubeJson | undefined, wish: GatewayWish): Pick<GatewayWish, 'trafficType' | 'revision'> => {
  const kept = (label: string): string | undefined =>
    live !== undefined && isWrittenByUs(live, ['metadata', 'labels', label])
      ? textsAt(live, 'metadata', 'labels')[label]
      : undefined
  return { trafficType: wish.trafficType ?? kept(WAYPOINT_FOR), revision: wish.revision ?? kept(REVISION) }
}

/** Something that is to be written, and what it comes to. */
interface Previewed {
  readonly one: ObjectWrite
  readonly preview: Preview
}

/** Shows what changes. */
const preview = async (client: KubeClient, report: Report, one: ObjectWrite): Promise<Previewed> => {
  const found = await previewWrite(client, one, report.dryRun)
  report.diff(one, found)
  return { one, preview: found }
}

/** Writes it unless it is only tried. */
const write = async (
  client: KubeClient,
  report: Report,
  { one, preview: { after, diff } }: Previewed,
): Promise<KubeJson> => {
  const written = report.dryRun === 'none' ? await sendWrite(client, one) : after
  report.wrote(one, written, diff.length > 0)
  return written
}

const waitFor = async (client: KubeClient, wait: Wait, report: Report): Promise<KubeJson> => {
  const ready = await waitReady(client, wait)
  report.say(`Gateway ${wait.namespace}/${wait.name} is ready`)
  return ready
}

/** Says also what was done before, and what was not, when something cannot be. */
const tellingWhatIsLeft = async <T>(parts: readonly (string | false)[], doing: Promise<T>): Promise<T> => {
  try {
    return await doing
  } catch (error) {
    const left = parts.filter((part) => part !== false)
    if (!(error instanceof CliError) || left.length === 1) throw error
    throw new CliError(error.exitCode, `${error.message} (${left.join(', ')})`, { next: error.next, cause: error })
  }
}
