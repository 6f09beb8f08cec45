import type { KubeCondition } from '../../config/status/kube-status.ts'
import { isEqual } from '../../lib/is-equal.ts'
import { isPlainObject } from '../../lib/schema.ts'
import { listAt, textAt, valueAt, type LiveObject } from '../manifest.ts'
import { conditionsOf, isBehind, mergeConditions } from './conditions.ts'
import { judgeListeners, type ListenerVerdict } from './gateway-listeners.ts'

/** Why something cannot be, in Gateway API's words. */
export interface Refusal {
  readonly reason: string
  readonly message: string
}

/** What the status of a Gateway depends on, beside itself. */
export interface GatewayFacts {
  /** Why it cannot be a waypoint; of its own fields, or its parameters. */
  readonly refusal: Refusal | undefined
  /** What should be known of it although it is accepted. */
  readonly note: string | undefined
  /** Why its objects are not as they should be. */
  readonly failure: Refusal | undefined
  /** `waypoint.shop.svc.cluster.local` */
  readonly hostname: string
  /** Of ours, behind a Service of ours. */
  readonly readyReplicas: number
  /** Why more of them do not come. */
  readonly rolloutTrouble: string | undefined
  /** Routes in force on Services of it. */
  readonly attachedRoutes: number
  readonly now: string
}

const owned: ReadonlySet<string> = new Set(['Accepted', 'Programmed'])
const ownedOfListener: ReadonlySet<string> = new Set(['Accepted', 'Conflicted', 'Programmed', 'ResolvedRefs'])

/**
 * The status of a Gateway of ours; the very status that it has when nothing changes. The address comes with the first
 * replica that is ready, and stays: without one, istiod has traffic go past the waypoint, and past its policies.
 */
export const gatewayStatusOf = (live: LiveObject, facts: GatewayFacts): unknown => {
  const before = isPlainObject(live['status']) ? live['status'] : undefined
  const generation = valueAt(live, 'metadata', 'generation')
  const observed = typeof generation === 'number' ? { observedGeneration: generation } : {}
  const verdicts = judgeListeners(live)
  const accepted = acceptedOf(facts, verdicts)
  const addresses = addressesOf(before, facts)
  const programmed = programmedOf(facts, accepted, isPublished(addresses, facts))
  const wanted = [accepted, programmed].map((condition) => ({ ...condition, ...observed }))
  const conditions = conditionsOf(live)
  if (isBehind(conditions, wanted)) return before
  const { now } = facts
  const status = {
    ...before,
    ...(addresses.length === 0 ? {} : { addresses }),
    conditions: mergeConditions(conditions, wanted, { owned, now }),
    listeners: verdicts.map(({ name, supportedKinds, isAccepted, conditions: said }) => {
      const old = listAt(before, 'listeners').find((one) => textAt(one, 'name') === name)
      const all = [...said, listenerProgrammed(programmed, isAccepted)].map((one) => ({ ...one, ...observed }))
      return {
        name,
        supportedKinds,
        attachedRoutes: isAccepted ? facts.attachedRoutes : 0,
        conditions: mergeConditions(listAt(old, 'conditions'), all, { owned: ownedOfListener, now }),
      }
    }),
  }
  return isEqual(status, before) ? before : status
}

type Verdict = Omit<KubeCondition, 'observedGeneration'>

const acceptedOf = ({ refusal, note }: GatewayFacts, listeners: readonly ListenerVerdict[]): Verdict => {
  if (refusal !== undefined) return { type: 'Accepted', status: 'False', ...refusal }
  const bad = listeners.filter(({ isAccepted }) => !isAccepted)
  if (bad.length > 0) {
    const message = `not served: listeners ${bad.map(({ name }) => name).join(', ')}`
    return { type: 'Accepted', status: 'True', reason: 'ListenersNotValid', message }
  }
  const message = note === undefined ? 'the Gateway is a waypoint' : `the Gateway is a waypoint; ${note}`
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message }
}

const programmedOf = (
  { failure, readyReplicas, rolloutTrouble, hostname }: GatewayFacts,
  accepted: Verdict,
  isThere: boolean,
): Verdict => {
  const not = (reason: string, message: string): Verdict => ({ type: 'Programmed', status: 'False', reason, message })
  const why = rolloutTrouble === undefined ? '' : `; its Deployment says ${rolloutTrouble}`
  if (accepted.status !== 'True') {
    const instead = isThere ? ': what was there before goes on' : ''
    return not('Invalid', `the Gateway is not accepted${instead}`)
  }
  if (failure !== undefined) return not(failure.reason, failure.message)
  if (readyReplicas > 0 && isThere) {
    const message = `${readyReplicas} ${readyReplicas === 1 ? 'replica is' : 'replicas are'} ready at ${hostname}${why}`
    return { type: 'Programmed', status: 'True', reason: 'Programmed', message }
  }
  if (isThere) return not('NoResources', `no replica is ready: connections through ${hostname} fail until one is${why}`)
  return not('Pending', `waiting for the first replica to be ready: traffic goes past the waypoint until then${why}`)
}

const listenerProgrammed = (gateway: Verdict, isAccepted: boolean): Verdict => {
  const { status, reason, message } = gateway
  if (!isAccepted) {
    return { type: 'Programmed', status: 'False', reason: 'Invalid', message: 'the listener is not accepted' }
  }
  return status === 'True'
    ? { type: 'Programmed', status, reason, message }
    : { type: 'Programmed', status, reason: reason === 'Invalid' ? 'Invalid' : 'Pending', message }
}

const addressesOf = (before: unknown, facts: GatewayFacts): readonly unknown[] => {
  const there = listAt(before, 'addresses')
  return facts.readyReplicas > 0 && facts.refusal === undefined && !isPublished(there, facts)
    ? [{ type: 'Hostname', value: facts.hostname }]
    : there
}

const isPublished = (addresses: readonly unknown[], { hostname }: GatewayFacts): boolean =>
  addresses.some((address) => textAt(address, 'value') === hostname)
