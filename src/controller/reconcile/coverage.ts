import { isPlainObject } from '../../lib/schema.ts'
import type { Json } from '../manifest.ts'

/** By what items of lists are told apart where several people write them (`x-kubernetes-list-map-keys`). */
const itemKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['containers', ['name']],
  ['initContainers', ['name']],
  ['volumes', ['name']],
  ['env', ['name']],
  ['imagePullSecrets', ['name']],
  ['volumeMounts', ['mountPath']],
  // Of a container, and of a Service.
  ['ports', ['containerPort', 'port']],
  ['topologySpreadConstraints', ['topologyKey']],
  ['ownerReferences', ['uid']],
])

/**
 * Whether an object says all that is wanted of it; what else it says, others have written or the API server has by
 * default.
 */
export const covers = (live: unknown, wanted: Json, field = ''): boolean => {
  if (Array.isArray(wanted)) return Array.isArray(live) && coversList(live, wanted, itemKeys.get(field))
  if (isPlainObject(wanted)) {
    if (!isPlainObject(live)) return Object.keys(wanted).length === 0 && live === undefined
    return Object.entries(wanted).every(([key, value]) => covers(live[key], value, key))
  }
  return live === wanted
}

const coversList = (
  live: readonly unknown[],
  wanted: readonly Json[],
  keys: readonly string[] | undefined,
): boolean => {
  if (keys === undefined) return live.length === wanted.length && wanted.every((item, i) => covers(live[i], item))
  return wanted.every((item) => {
    const key = keys.find((name) => isPlainObject(item) && item[name] !== undefined)
    if (key === undefined || !isPlainObject(item)) return false
    const found = live.find((other) => isPlainObject(other) && other[key] === item[key])
    return found !== undefined && covers(found, item)
  })
}
