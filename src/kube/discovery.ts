import { isPlainObject } from '../lib/schema.ts'
import type { KubeResult } from './failure.ts'
import { groupPath, type KubeResource } from './resources.ts'

/** A kind that the server has, in one version. */
export interface ServedKind {
  readonly resource: KubeResource
  readonly hasStatus: boolean
}

/** Asks for a document; one that is not there is `undefined`. */
export type AskDocument = (path: string) => Promise<KubeResult<unknown>>

/** See `KubeClient.served`. */
export const findServed = async (
  ask: AskDocument,
  group: string,
  versions: readonly string[] | 'all',
): Promise<KubeResult<readonly ServedKind[]>> => {
  const served = await findVersions(ask, group)
  if (!served.ok) return served
  const kinds: ServedKind[] = []
  for (const version of versions === 'all' ? served.value : versions) {
    if (!served.value.includes(version)) continue
    const listed = await ask(groupPath({ group, version }))
    if (!listed.ok) return listed
    kinds.push(...kindsOf(listed.value, group, version))
  }
  return { ok: true, value: kinds }
}

const findVersions = async (ask: AskDocument, group: string): Promise<KubeResult<readonly string[]>> => {
  // The core is always there, and in one version.
  if (group === '') return { ok: true, value: ['v1'] }
  const found = await ask(`/apis/${group}`)
  if (!found.ok) return found
  return { ok: true, value: itemsOf(found.value, 'versions').map(({ version }) => String(version)) }
}

const kindsOf = (document: unknown, group: string, version: string): readonly ServedKind[] => {
  const resources = itemsOf(document, 'resources')
  const statuses = new Set(resources.map(({ name }) => String(name)).filter((name) => name.endsWith('/status')))
  return resources.flatMap(({ name, kind, namespaced }) => {
    if (typeof name !== 'string' || typeof kind !== 'string' || name.includes('/')) return []
    const resource = { group, version, kind, plural: name, isNamespaced: namespaced === true }
    return [{ resource, hasStatus: statuses.has(`${name}/status`) }]
  })
}

const itemsOf = (document: unknown, field: string): readonly Readonly<Record<string, unknown>>[] => {
  const list = isPlainObject(document) ? document[field] : undefined
  return Array.isArray(list) ? list.filter((s) => isPlainObject(s)) : []
}
