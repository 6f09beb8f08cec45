import { valueAt, type LiveObject } from '../manifest.ts'
import { ownerOf } from '../reconcile/reconcile.ts'

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
