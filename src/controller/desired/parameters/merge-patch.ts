import { isPlainObject } from '../../../lib/schema.ts'
import type { Json, JsonObject } from '../../manifest.ts'

/** By what the items of a list are told apart, in Kubernetes' strategic merge; lists that are not here are replaced. */
const mergeKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['containers', ['name']],
  ['initContainers', ['name']],
  ['ephemeralContainers', ['name']],
  ['volumes', ['name']],
  ['env', ['name']],
  ['imagePullSecrets', ['name']],
  ['secrets', ['name']],
  ['volumeMounts', ['mountPath']],
  ['volumeDevices', ['devicePath']],
  // Of a container and of a Service.
  ['ports', ['containerPort', 'port']],
  ['topologySpreadConstraints', ['topologyKey']],
  ['hostAliases', ['ip']],
])

/**
 * Puts a patch onto an object as `kubectl patch` does by default (strategic merge): maps are merged, `null` takes a field
 * away, lists with a key are merged by it, others replaced; `$patch: replace` and `$patch: delete` are obeyed.
 */
export const mergePatch = (base: JsonObject, patch: JsonObject): JsonObject => {
  const { $patch, ...fields } = patch
  if ($patch === 'replace') return withoutNulls(fields)
  const merged: Record<string, Json> = { ...base }
  for (const [key, value] of Object.entries(fields)) {
    if (value === null) delete merged[key]
    else merged[key] = mergeField(key, merged[key], value)
  }
  return merged
}

const mergeField = (key: string, base: Json | undefined, patch: Json): Json => {
  if (isJsonObject(patch)) return mergePatch(isJsonObject(base) ? base : {}, patch)
  if (!isList(patch)) return patch
  const keys = mergeKeys.get(key)
  return keys === undefined || !patch.every(isJsonObject) ? patch : mergeList(isList(base) ? base : [], patch, keys)
}

const mergeList = (base: readonly Json[], patch: readonly JsonObject[], keys: readonly string[]): readonly Json[] => {
  if (patch.some((item) => item['$patch'] === 'replace')) {
    return patch.filter((item) => item['$patch'] !== 'replace').map(withoutNulls)
  }
  const merged = [...base]
  for (const item of patch) {
    const index = merged.findIndex((other) => isJsonObject(other) && isSameItem(other, item, keys))
    const found = merged[index]
    if (item['$patch'] === 'delete') {
      if (index >= 0) merged.splice(index, 1)
    } else if (isJsonObject(found)) merged[index] = mergePatch(found, item)
    else merged.push(mergePatch({}, item))
  }
  return merged
}

const isSameItem = (a: JsonObject, b: JsonObject, keys: readonly string[]): boolean => {
  const key = keys.find((candidate) => b[candidate] !== undefined)
  return key !== undefined && a[key] === b[key]
}

const withoutNulls = (object: JsonObject): JsonObject => mergePatch({}, object)

const isJsonObject = (value: Json | undefined): value is JsonObject => isPlainObject(value)

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)
