import type { KubeClient, KubeJson, ObjectName } from '../../../kube/client.ts'
import { formatKubeFailure, type KubeFailure } from '../../../kube/failure.ts'
import type { KubeResource } from '../../../kube/resources.ts'
import { FIELD_MANAGER, keyOfManifest, nameOfManifest, textAt, type Manifest } from '../../manifest.ts'
import { judgeConflict } from '../../reconcile/apply-conflict.ts'
import { appliedHash, isAppliedByUs, type Action, type Applied, type ObjectId } from '../../reconcile/reconcile.ts'
import type { Refusal } from '../../status/gateway-status.ts'
import { handOverReplicas } from './hand-over.ts'

/** What is needed to carry actions out. */
export interface Execution {
  readonly client: Pick<KubeClient, 'get' | 'apply' | 'delete'>
  readonly resourceOf: (kind: string) => KubeResource | undefined
  /** Takes what was applied, by the object's key. */
  readonly applied: Map<string, Applied>
  /** Ends when this controller no longer leads. */
  readonly signal: AbortSignal
  /** Counts what is written. */
  readonly onWrite: (write: Write) => void
}

/** Something that was written, or not. */
export interface Write {
  readonly kind: string
  /** `NAMESPACE/NAME`, or the name alone of what has no namespace. */
  readonly name: string
  readonly verb: 'apply' | 'create' | 'delete' | 'status'
  /** Absent: it was. */
  readonly failure?: KubeFailure
}

/** Carries out one action; what is wrong with it, if anything is. */
export const execute = (action: Action, execution: Execution): Promise<Refusal | undefined> => {
  switch (action.kind) {
    case 'apply':
      return applyManifest(action, execution)
    case 'delete':
      return deleteObject(action.object, execution)
  }
}

const applyManifest = async (
  { manifest, why }: Extract<Action, { readonly kind: 'apply' }>,
  execution: Execution,
): Promise<Refusal | undefined> => {
  const resource = execution.resourceOf(manifest.kind)
  if (resource === undefined) return { reason: 'Invalid', message: `the API server has no ${manifest.kind}` }
  if (why === 'missing') {
    const stranger = await findStranger(manifest, resource, execution)
    if (stranger !== 'none') return stranger
  }
  if (why === 'changed') {
    const failure = await handOverReplicas(manifest, resource, execution)
    if (failure !== undefined) return refusalOf(formatManifest(manifest), failure)
  }
  return write(manifest, resource, { ...execution, isForced: false })
}

/** What is not among ours may be there all the same: by hand, of another controller, or of ours without its label. */
const findStranger = async (
  manifest: Manifest,
  resource: KubeResource,
  { client, signal }: Execution,
): Promise<Refusal | undefined | 'none'> => {
  const found = await client.get(resource, nameOfManifest(manifest), signal)
  if (!found.ok)
    return found.failure.reason === 'NotFound' ? 'none' : refusalOf(formatManifest(manifest), found.failure)
  if (isAppliedByUs(found.value)) return 'none'
  // An account may be anybody's: it is asked for by its name.
  if (manifest.kind === 'ServiceAccount') return undefined
  const message = `${formatManifest(manifest)} is there already, and not the waypoint's: delete it, or name the waypoint's objects otherwise (annotation gateway.istio.io/name-override on the Gateway)`
  return { reason: 'Invalid', message }
}

const write = async (
  manifest: Manifest,
  resource: KubeResource,
  execution: Execution & { readonly isForced: boolean },
): Promise<Refusal | undefined> => {
  const { client, signal, isForced, applied, onWrite } = execution
  const { kind } = manifest
  const name = formatPlace(nameOfManifest(manifest))
  const options = { fieldManager: FIELD_MANAGER, force: isForced, signal }
  const result = await client.apply(resource, toKube(manifest), options)
  if (result.ok) {
    onWrite({ kind, name, verb: 'apply' })
    const resourceVersion = textAt(result.value, 'metadata', 'resourceVersion')
    applied.set(keyOfManifest(manifest), { hash: appliedHash(manifest), resourceVersion })
    return undefined
  }
  const { failure } = result
  onWrite({ kind, name, verb: 'apply', failure })
  const causes = (failure.causes ?? []).filter(({ reason }) => reason === 'FieldManagerConflict')
  if (failure.status !== 409 || causes.length === 0) return refusalOf(formatManifest(manifest), failure)
  const verdict = judgeConflict(causes)
  if (verdict.kind === 'contested') {
    return { reason: 'Invalid', message: `${formatManifest(manifest)}: ${verdict.message}` }
  }
  return isForced
    ? refusalOf(formatManifest(manifest), failure)
    : write(manifest, resource, { ...execution, isForced: true })
}

const deleteObject = async (
  { kind, namespace, name, uid, resourceVersion }: ObjectId,
  { client, resourceOf, signal, onWrite }: Execution,
): Promise<Refusal | undefined> => {
  const resource = resourceOf(kind)
  if (resource === undefined) return undefined
  const place = namespace === '' ? { name } : { namespace, name }
  // A Gateway that was made anew takes over what the one before it had: what has changed meanwhile is looked at again.
  const result = await client.delete(resource, place, { uid, resourceVersion, propagation: 'Background', signal })
  // Gone, or another by now.
  const isDone = result.ok || result.failure.reason === 'NotFound' || result.failure.reason === 'Conflict'
  onWrite({ kind, name: formatPlace(place), verb: 'delete', ...(isDone ? {} : { failure: result.failure }) })
  return isDone ? undefined : refusalOf(`${kind} ${namespace}/${name}`, result.failure)
}

/** What the API server will not have is the object's fault; what it cannot do now, it may later. */
const refusalOf = (what: string, failure: KubeFailure): Refusal => ({
  reason: [400, 403, 409, 422].includes(failure.status ?? 0) ? 'Invalid' : 'Pending',
  message: `${what}: ${formatKubeFailure({ ...failure, asked: 'the API server' })}`,
})

const formatManifest = (manifest: Manifest): string => `${manifest.kind} ${formatPlace(nameOfManifest(manifest))}`

/** `NAMESPACE/NAME`, or the name alone. */
export const formatPlace = ({ namespace, name }: ObjectName): string =>
  namespace === undefined ? name : `${namespace}/${name}`

/** A manifest is an object of the API; only its metadata have fewer fields in the types here. */
const toKube = (manifest: Manifest): KubeJson => manifest
