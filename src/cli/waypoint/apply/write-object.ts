import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import type { KubeResource } from '../../../kube/resources.ts'
import { isPlainObject } from '../../../lib/schema.ts'
import { demand } from '../../cluster/api-error.ts'
import { diffObjects, type DiffLine } from '../../cluster/diff-objects.ts'
import { CLI_MANAGER } from '../../cluster/field-owner.ts'

/** `client`: nothing is sent; `server`: the API server checks it and keeps nothing. */
export const dryRuns = ['none', 'client', 'server'] as const
export type DryRun = (typeof dryRuns)[number]

/** An object that is to be written. */
export interface ObjectWrite {
  readonly resource: KubeResource
  /** Exactly the fields that we want to own. */
  readonly wanted: KubeJson
  /** What is there; `undefined`: nothing. */
  readonly live: KubeJson | undefined
  /** Takes fields over that others own. */
  readonly isForced: boolean
  /** In words: `apply Gateway shop/waypoint`. */
  readonly doing: string
}

/** What a write would come to. */
export interface Preview {
  readonly after: KubeJson
  /** None where nothing changes. */
  readonly diff: readonly DiffLine[]
}

/** Finds out what would change: asks the API server, which knows defaults, owners and who may; or, for `client`, nobody. */
export const previewWrite = async (client: KubeClient, write: ObjectWrite, dryRun: DryRun): Promise<Preview> => {
  const { live, wanted } = write
  const after = dryRun === 'client' ? mergeObject(live, wanted) : await send(client, write, true)
  return { after, diff: await diffObjects(live, after) }
}

/** Writes it by server-side apply, and gives it as it is then. */
export const sendWrite = (client: KubeClient, write: ObjectWrite): Promise<KubeJson> => send(client, write, false)

const send = async (
  client: KubeClient,
  { resource, wanted, isForced, doing }: ObjectWrite,
  isDryRun: boolean,
): Promise<KubeJson> => {
  const options = { fieldManager: CLI_MANAGER, force: isForced, isDryRun }
  return demand(await client.apply(resource, wanted, options), doing)
}

/** What would be there with the fields that are wanted; items of lists are the same where they have the same name. */
const mergeObject = (live: KubeJson | undefined, wanted: KubeJson): KubeJson =>
  // Two objects make an object, and it has the metadata of both.
  live === undefined ? wanted : (merge(live, wanted) as KubeJson)

const merge = (before: unknown, wanted: unknown): unknown => {
  if (Array.isArray(wanted) && Array.isArray(before)) return mergeList(before, wanted)
  if (!isPlainObject(before) || !isPlainObject(wanted)) return wanted
  const merged = Object.entries(wanted).map(([key, value]) => [key, merge(before[key], value)] as const)
  return { ...before, ...Object.fromEntries(merged) }
}

const mergeList = (before: readonly unknown[], wanted: readonly unknown[]): readonly unknown[] => {
  const nameOf = (item: unknown): unknown => (isPlainObject(item) ? item['name'] : undefined)
  if (wanted.some((item) => nameOf(item) === undefined)) return wanted
  const rest = before.filter((item) => !wanted.some((other) => nameOf(other) === nameOf(item)))
  const met = wanted.map((item) =>
    merge(
      before.find((other) => nameOf(other) === nameOf(item)),
      item,
    ),
  )
  return [...met, ...rest]
}
