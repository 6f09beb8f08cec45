import { isList, isObject, type Json, type JsonObject } from '../json.ts'
import { emptySet, isEmptySet, type FieldSet } from './field-set.ts'
import { partsOf, pathOfItem, shapeAt, type Shape } from './shape.ts'

/** What somebody wants laid over what there is. */
export const merge = (live: Json | undefined, wanted: Json | undefined, shape: Shape): Json | undefined => {
  if (wanted === undefined) return live
  if (live === undefined) return wanted
  if (shape.kind === 'map' && isObject(live) && isObject(wanted)) {
    const merged: Record<string, Json> = { ...live }
    for (const [field, value] of Object.entries(wanted)) {
      const result = merge(live[field], value, shapeAt(shape, field))
      if (result !== undefined) merged[field] = result
    }
    return merged
  }
  if (isList(live) && isList(wanted) && (shape.kind === 'set' || shape.kind === 'keyed')) {
    return mergeLists(live, wanted, shape)
  }
  return wanted
}

/** Wanted items come in the wanted order, the others stay where they were between them. */
const mergeLists = (live: readonly Json[], wanted: readonly Json[], shape: Shape): Json => {
  const old = partsOf(live, shape)
  const wantedPaths = new Set(wanted.map((item) => pathOfItem(shape, item)))
  if (old === undefined || wantedPaths.has(undefined)) return wanted
  const merged: Json[] = []
  const done = new Set<string>()
  const rest = live.values()
  for (const item of wanted) {
    const path = pathOfItem(shape, item) ?? ''
    for (const kept of rest) {
      const keptPath = pathOfItem(shape, kept) ?? ''
      if (!wantedPaths.has(keptPath)) merged.push(kept)
      else if (!done.has(keptPath)) break
    }
    const result = shape.kind === 'keyed' ? merge(old.get(path)?.value, item, shape.item) : item
    if (result !== undefined && !done.has(path)) merged.push(result)
    done.add(path)
  }
  merged.push(...[...rest].filter((item) => !wantedPaths.has(pathOfItem(shape, item))))
  return merged
}

/** Takes away what is in `given` and in no `kept`, with what others have filled in there. */
export const prune = (value: Json, shape: Shape, given: FieldSet, kept: FieldSet): Json | undefined => {
  const parts = partsOf(value, shape)
  if (parts === undefined || parts.size === 0 || given.inner.size === 0) return value
  const left = new Map<string, Json>()
  for (const [path, part] of parts) {
    const mine = given.inner.get(path)
    const others = kept.inner.get(path) ?? emptySet
    if (mine === undefined) {
      left.set(path, part.value)
      continue
    }
    if (isEmptySet(others)) continue
    const pruned = prune(part.value, part.shape, mine, others)
    if (pruned !== undefined) left.set(path, pruned)
  }
  if (left.size === 0 && isEmptySet(kept)) return undefined
  return isList(value) ? [...left.values()] : objectOf(left)
}

const objectOf = (parts: ReadonlyMap<string, Json>): JsonObject =>
  Object.fromEntries([...parts].map(([path, value]) => [path.slice(2), value]))
