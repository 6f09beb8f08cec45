/** Reads objects for `fairway doctor`: a list that fails is a reading too. */
import { stripObject } from '../../../config/source/kube/strip-object.ts'
import type { LiveObject } from '../../../controller/manifest.ts'
import type { KubeClient, KubeJson, Selection } from '../../../kube/client.ts'
import type { KubeFailure } from '../../../kube/failure.ts'
import { apiVersionOf, type KubeResource } from '../../../kube/resources.ts'
import { isKindMissing, missingRightOf } from '../../cluster/api-error.ts'
import { keyOfLive } from '../look/live.ts'
import type { Reading } from './reading.ts'

/** So many objects of a kind are looked at. */
export const MOST_OBJECTS = 20_000

export interface ListerOptions {
  readonly client: Pick<KubeClient, 'list' | 'get'>
  readonly signal: AbortSignal
  /** Default `MOST_OBJECTS`. */
  readonly most?: number
}

/** Lists what all selections come to, each object once. */
export const listObjects = async (
  resource: KubeResource,
  selections: readonly Selection[],
  options: ListerOptions,
): Promise<Reading> => {
  const objects = new Map<string, LiveObject>()
  const refusals: KubeFailure[] = []
  let isCut = false
  for (const selection of selections) {
    const outcome = await listOne(resource, selection, { ...options, objects })
    if (outcome === 'cut') isCut = true
    else if (outcome !== undefined) {
      if (isKindMissing(outcome)) return { state: 'absent' }
      refusals.push(outcome)
    }
  }
  const all = [...objects.values()]
  const [refusal] = refusals
  if (refusal !== undefined) return refused(resource, refusal, all)
  return { state: 'read', objects: all, ...(isCut ? { isCut } : {}) }
}

/** Reads single objects; one that is not there is none. */
export const getObjects = async (
  resource: KubeResource,
  names: readonly { readonly namespace?: string; readonly name: string }[],
  { client, signal }: ListerOptions,
): Promise<Reading> => {
  const answers = await Promise.all(names.map((name) => client.get(resource, name, signal)))
  const objects = answers.flatMap((answer) => (answer.ok ? [typed(resource, answer.value)] : []))
  const refusal = answers.find((answer) => !answer.ok && answer.failure.status !== 404)
  if (refusal === undefined || refusal.ok) return { state: 'read', objects }
  return refused(resource, refusal.failure, objects)
}

/** Two readings of one kind as one; what is refused in either is refused. */
export const joinReadings = (a: Reading | undefined, b: Reading): Reading => {
  if (a === undefined || a.state === 'absent') return b
  if (b.state === 'absent') return a
  const objects = [...new Map([...a.objects, ...b.objects].map((object) => [keyOfLive(object), object])).values()]
  if (a.state === 'refused') return { ...a, objects }
  if (b.state === 'refused') return { ...b, objects }
  const isCut = a.isCut === true || b.isCut === true
  const unseen = a.unseen ?? b.unseen
  return { state: 'read', objects, ...(isCut ? { isCut } : {}), ...(unseen === undefined ? {} : { unseen }) }
}

interface OneList extends ListerOptions {
  readonly objects: Map<string, LiveObject>
}

/** `undefined` when all came. */
const listOne = async (
  resource: KubeResource,
  selection: Selection,
  { client, signal, objects, most = MOST_OBJECTS }: OneList,
): Promise<KubeFailure | 'cut' | undefined> => {
  const enough = new AbortController()
  const listed = await client.list(resource, {
    ...selection,
    signal: AbortSignal.any([signal, enough.signal]),
    onItem: (item) => {
      if (enough.signal.aborted) return
      const object = typed(resource, item)
      const key = keyOfLive(object)
      if (objects.size >= most && !objects.has(key)) return enough.abort()
      objects.set(key, object)
    },
  })
  if (enough.signal.aborted) return 'cut'
  return listed.ok ? undefined : listed.failure
}

const refused = (resource: KubeResource, failure: KubeFailure, objects: readonly LiveObject[]): Reading => {
  const right = missingRightOf(failure)
  const where =
    right?.namespace === undefined
      ? resource.isNamespaced
        ? ' in all namespaces'
        : ''
      : ` in the namespace ${right.namespace}`
  return {
    state: 'refused',
    why: `${failure.status === undefined ? '' : `${failure.status} `}${failure.reason}: ${failure.message}`,
    ...(right === undefined ? {} : { right: `${right.verb} ${right.resource}${where}` }),
    objects,
  }
}

/** Items of a list do not say what they are; most of what a Pod says is nobody's business here. */
const typed = (resource: KubeResource, object: KubeJson): LiveObject => {
  const { status } = object
  const { ownerReferences } = object.metadata
  const stripped = stripObject(object, resource.kind)
  return {
    ...stripped,
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { ...stripped.metadata, ...(ownerReferences === undefined ? {} : { ownerReferences }) },
    ...(status === undefined ? {} : { status }),
    ...(resource.kind === 'Pod' ? { spec: briefPod(object['spec']) } : {}),
  }
}

const podFields: readonly string[] = ['serviceAccountName', 'hostNetwork', 'containers', 'initContainers', 'nodeName']

const briefPod = (spec: unknown): unknown =>
  typeof spec === 'object' && spec !== null
    ? Object.fromEntries(Object.entries(spec).filter(([field]) => podFields.includes(field)))
    : {}
