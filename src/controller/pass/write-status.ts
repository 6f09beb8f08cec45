import type { KubeStatus } from '../../config/status/kube-status.ts'
import type { KubeClient, KubeJson, ObjectName } from '../../kube/client.ts'
import type { KubeFailure } from '../../kube/failure.ts'
import { apiVersionOf, type KubeResource } from '../../kube/resources.ts'
import { FIELD_MANAGER, type LiveObject } from '../manifest.ts'
import { mergeStatus } from '../status/merge-status.ts'
import { ownedTypesOf } from '../status/told.ts'
import { formatPlace, type Write } from './actions/execute.ts'

/** What is needed to write statuses. */
export interface StatusWriting {
  readonly client: Pick<KubeClient, 'get' | 'update'>
  readonly signal: AbortSignal
  readonly onWrite: (write: Write) => void
}

/** How often what somebody else wrote meanwhile is read again. */
const MAX_TRIES = 5

/**
 * Writes the status that `statusOf` makes of an object, with the version that it was made of; where somebody else was
 * faster, of the object as it is then. `known` is what is known of it. An object that is gone needs no status.
 */
export const writeStatus = async (
  resource: KubeResource,
  {
    known,
    place,
    statusOf,
  }: {
    readonly known: LiveObject | undefined
    readonly place: ObjectName
    readonly statusOf: (live: LiveObject) => unknown
  },
  { client, signal, onWrite }: StatusWriting,
): Promise<KubeFailure | undefined> => {
  const name = formatPlace(place)
  let live = known
  for (let tries = 1; ; tries++) {
    if (live === undefined) {
      const found = await client.get(resource, place, signal)
      if (!found.ok) return found.failure.reason === 'NotFound' ? undefined : found.failure
      live = found.value
    }
    const status = statusOf(live)
    if (status === live['status']) return undefined
    const object = { ...live, apiVersion: apiVersionOf(resource), kind: resource.kind, status }
    const written = await client.update(resource, toKube(object), {
      fieldManager: FIELD_MANAGER,
      subresource: 'status',
      signal,
    })
    if (written.ok) {
      onWrite({ kind: resource.kind, name, verb: 'status' })
      return undefined
    }
    const { failure } = written
    if (failure.reason === 'NotFound') return undefined
    if (failure.reason !== 'Conflict' || tries >= MAX_TRIES) {
      onWrite({ kind: resource.kind, name, verb: 'status', failure })
      return failure
    }
    live = undefined
  }
}

/** `statusOf` for an object that is told something beside what others tell it. */
export const telling =
  (kind: string, wanted: KubeStatus, now: string) =>
  (live: LiveObject): unknown =>
    mergeStatus(live, wanted, { owned: ownedTypesOf(kind), now })

/** What the API server gave has a name. */
const toKube = (object: LiveObject): KubeJson => object as KubeJson
