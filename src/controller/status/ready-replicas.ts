import { textAt, valueAt, type LiveObject } from '../manifest.ts'
import { ownerOf } from '../reconcile/reconcile.ts'
import { conditionsOf } from './conditions.ts'

/** What the controller's Gateways have, by `KIND/NAMESPACE/NAME`. */
type Owned = ReadonlyMap<string, LiveObject>

/**
 * How many replicas of a Gateway can be reached: those of its Deployment that are ready, as long as its Service is there.
 * `id` is `NAMESPACE/NAME` of both, `uid` the Gateway's.
 */
export const readyReplicas = (owned: Owned, id: string, uid: string): number => {
  const [service, deployment] = [owned.get(`Service/${id}`), owned.get(`Deployment/${id}`)]
  if (service === undefined || deployment === undefined) return 0
  if (ownerOf(service) !== uid || ownerOf(deployment) !== uid) return 0
  const ready = valueAt(deployment, 'status', 'readyReplicas')
  return typeof ready === 'number' ? ready : 0
}

/**
 * Why replicas do not come, as their Deployment says it: a quota, an admission webhook, an image that is not there in time;
 * `undefined` while it has nothing to complain of. `id` and `uid` as above.
 */
export const rolloutTroubleOf = (owned: Owned, id: string, uid: string): string | undefined => {
  const deployment = owned.get(`Deployment/${id}`)
  if (deployment === undefined || ownerOf(deployment) !== uid) return undefined
  const said = conditionsOf(deployment)
  const found =
    said.find((one) => textAt(one, 'type') === 'ReplicaFailure' && textAt(one, 'status') === 'True') ??
    said.find((one) => textAt(one, 'type') === 'Progressing' && textAt(one, 'status') === 'False')
  return found === undefined ? undefined : `${textAt(found, 'reason')}: ${textAt(found, 'message')}`
}
