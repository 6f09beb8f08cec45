import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources } from '../../../kube/resources.ts'
import type { Clock } from '../../../lib/clock.ts'
import { formatDuration } from '../../../lib/duration.ts'
import { escapeControl } from '../../../lib/format-issue.ts'
import { demand, isNotThere } from '../../cluster/api-error.ts'
import { exitCodes } from '../../exit-codes.ts'
import { CliError } from '../../verb.ts'
import { classOf, conditionOf, conditionsIn, type SaidCondition } from '../live/gateway-api.ts'
import { podTroubleOf } from './pod-trouble.ts'

/** How a Gateway is, for somebody who waits for it. */
export type Readiness =
  | { readonly state: 'ready'; readonly message: string }
  /** It will not become ready as it is. */
  | { readonly state: 'refused'; readonly message: string }
  | { readonly state: 'waiting'; readonly reason: string }

/** What is known beside the Gateway. */
export interface ReadinessFacts {
  /** Its class; `null`: it is not there; absent: it may not be read. */
  readonly gatewayClass?: KubeJson | null | undefined
  /** Why its Pods do not come up. */
  readonly podTrouble?: string | undefined
  /** How long it was waited for. */
  readonly waitedMs?: number
}

/** A controller that runs has looked at everything by then. */
const QUICK_MS = 5000

/** Judges a Gateway by what its controller wrote of the generation that it has. */
export const readinessOf = (
  gateway: KubeJson,
  { gatewayClass, podTrouble, waitedMs = 0 }: ReadinessFacts,
): Readiness => {
  const { generation = 0 } = gateway.metadata
  const isOfNow = (one: SaidCondition | undefined): boolean => (one?.observedGeneration ?? -1) >= generation
  const [accepted, programmed] = [conditionOf(gateway, 'Accepted'), conditionOf(gateway, 'Programmed')]
  if (programmed !== undefined && programmed.status === 'True' && isOfNow(programmed)) {
    return { state: 'ready', message: programmed.message }
  }
  if (accepted !== undefined && accepted.status === 'False' && isOfNow(accepted)) {
    return { state: 'refused', message: `Accepted is False (${accepted.reason}): ${accepted.message}` }
  }
  const name = classOf(gateway)
  if (gatewayClass === null) {
    const reason = `GatewayClass ${name} is not there: the controller makes it when it runs; is it installed?`
    return { state: 'waiting', reason }
  }
  if (gatewayClass !== undefined) {
    const said = conditionsIn(gatewayClass['status']).find(({ type }) => type === 'Accepted')
    if (said?.status !== 'True') return { state: 'waiting', reason: reasonOfClass(name, said) }
  }
  if (!isOfNow(accepted) || accepted?.status !== 'True') {
    return {
      state: 'waiting',
      reason: `the controller has not looked at it yet${waitedMs < QUICK_MS ? '' : ': is it running?'}`,
    }
  }
  const said =
    programmed === undefined
      ? 'nothing is said of Programmed yet'
      : `Programmed is ${programmed.status} (${programmed.reason}): ${programmed.message}`
  return { state: 'waiting', reason: podTrouble === undefined ? said : `${said}; ${podTrouble}` }
}

const reasonOfClass = (name: string, said: SaidCondition | undefined): string =>
  said === undefined || said.reason === 'Pending'
    ? `the controller has not accepted GatewayClass ${name}; is it running?`
    : `GatewayClass ${name}: Accepted is ${said.status} (${said.reason}): ${said.message}`

/** What is waited for, and how long. */
export interface Wait {
  readonly namespace: string
  readonly name: string
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called with a new reason each time that it changes. */
  readonly onReason: (reason: string) => void
}

/** So often it is looked. */
const LOOK_MS = 500

/**
 * Waits until a Gateway is ready, and gives it. Throws `CliError`: 124 with the last reason when the time is over, 1 when it is
 * refused or deleted. That the API server cannot be asked for a while is a reason like others.
 */
export const waitReady = (client: KubeClient, wait: Wait): Promise<KubeJson> => {
  const { namespace, name, clock } = wait
  const startedAtMs = clock.monotonicMs()
  return waitUntil(`Gateway ${namespace}/${name}`, wait, async () => {
    const found = await client.get(kubeResources.Gateway, { namespace, name }, wait.signal)
    if (!found.ok && isNotThere(found.failure)) {
      throw new CliError(exitCodes.failure, `Gateway ${namespace}/${name} was deleted while it was waited for`)
    }
    const gateway = demand(found, `read Gateway ${namespace}/${name}`)
    const first = readinessOf(gateway, {})
    const readiness =
      first.state === 'waiting'
        ? readinessOf(gateway, {
            ...(await readFacts(client, gateway, wait.signal)),
            waitedMs: clock.monotonicMs() - startedAtMs,
          })
        : first
    if (readiness.state === 'ready') return { value: gateway }
    if (readiness.state === 'waiting') return { reason: readiness.reason }
    throw new CliError(
      exitCodes.failure,
      escapeControl(`Gateway ${namespace}/${name} cannot be: ${readiness.message}`),
      {
        next: 'mend that, and apply it again: "fairway waypoint status" says more',
      },
    )
  })
}

/** A value, or why there is none yet. */
export type Looked<T> = { readonly value: T } | { readonly reason: string }

/** Looks again and again until there is a value; see `waitReady`. */
export const waitUntil = async <T>(
  what: string,
  { timeoutMs, clock, signal, onReason, namespace }: Wait,
  look: () => Promise<Looked<T>>,
): Promise<T> => {
  const endMs = clock.monotonicMs() + timeoutMs
  let told: string | undefined
  for (;;) {
    const looked = await lookOnce(look, signal)
    if (looked === undefined) throw new CliError(exitCodes.failure, `interrupted while waiting for ${what}`)
    if ('value' in looked) return looked.value
    const reason = escapeControl(looked.reason)
    if (reason !== told) onReason(reason)
    told = reason
    const leftMs = endMs - clock.monotonicMs()
    if (leftMs <= 0) {
      throw new CliError(
        exitCodes.timedOut,
        `timed out after ${formatDuration(timeoutMs)} waiting for ${what}: ${reason}`,
        { next: `look closer with: fairway waypoint status -n ${namespace}; --waypoint-timeout waits longer` },
      )
    }
    await pause(Math.min(LOOK_MS, leftMs), clock, signal)
  }
}

/** A server that cannot be asked for a while is a reason to wait on; `undefined` when it was called off. */
const lookOnce = async <T>(look: () => Promise<Looked<T>>, signal: AbortSignal): Promise<Looked<T> | undefined> => {
  try {
    const looked = await look()
    return signal.aborted ? undefined : looked
  } catch (error) {
    if (signal.aborted) return undefined
    if (!(error instanceof CliError) || error.exitCode !== exitCodes.clusterUnreachable) throw error
    return { reason: error.message }
  }
}

const pause = (ms: number, clock: Clock, signal: AbortSignal): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(ms, resolve)
  const stop = (): void => {
    cancel()
    resolve()
  }
  signal.addEventListener('abort', stop, { once: true })
  return promise.finally(() => signal.removeEventListener('abort', stop))
}

const readFacts = async (client: KubeClient, gateway: KubeJson, signal: AbortSignal): Promise<ReadinessFacts> => {
  const { namespace, name } = gateway.metadata
  const found = await client.get(kubeResources.GatewayClass, { name: classOf(gateway) }, signal)
  const pods: KubeJson[] = []
  const labels = `gateway.networking.k8s.io/gateway-name=${name}`
  // Who may not read Pods is not told of them.
  await client.list(kubeResources.Pod, { namespace, labels, signal, onItem: (pod) => void pods.push(pod) })
  const gatewayClass = found.ok ? found.value : isNotThere(found.failure) ? null : undefined
  return { gatewayClass, podTrouble: podTroubleOf(pods) }
}
