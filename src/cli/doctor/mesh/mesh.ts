/**
 * All that checks may look at: what was read of a cluster, and what follows from it. Pure; that it is worked out when it
 * is first asked for, and once, is all the state there is.
 */
import type { LiveObject } from '../../../controller/manifest.ts'
import { deriveFacts, type Facts } from './facts.ts'
import { keyOfLive } from '../look/live.ts'
import type { MeshInput } from './mesh-input.ts'
import { objectsOf } from './reading.ts'

/** What was read, and what follows. */
export interface Mesh extends MeshInput {
  /** The objects of a kind that are known; none of a kind that the server has not. */
  readonly all: (kind: string) => readonly LiveObject[]
  /** One of them. */
  readonly get: (kind: string, namespace: string, name: string) => LiveObject | undefined
  readonly facts: Facts
}

/** Makes the mesh of what was read. */
export const createMesh = (input: MeshInput): Mesh => {
  let facts: Facts | undefined
  const byKind = new Map<string, ReadonlyMap<string, LiveObject>>()
  const all = (kind: string): readonly LiveObject[] => objectsOf(input.readings.get(kind))
  const named = (kind: string): ReadonlyMap<string, LiveObject> => {
    const known = byKind.get(kind) ?? new Map(all(kind).map((object) => [keyOfLive(object), object]))
    byKind.set(kind, known)
    return known
  }
  const mesh: Mesh = {
    ...input,
    all,
    get: (kind, namespace, name) => named(kind).get(`${namespace}/${name}`),
    get facts() {
      return (facts ??= deriveFacts({ ...input, all }))
    },
  }
  return mesh
}
