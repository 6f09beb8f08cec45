import type { BodyTransform, BodyUse, Filter, FilterDefinition } from '../../../src/filter/index.ts'
import { anything } from '../../../src/lib/schema.ts'
import { Mesh, type MeshOptions } from '../mesh/mesh.ts'
import type { PodOptions } from '../mesh/pod.ts'

/** A filter, and which bodies its definition says that it looks at. */
export type BodyFilter = readonly [body: BodyUse, filter: Filter]

/** What a mesh is started with whose one rule has these filters, in this order; their kinds are F0, F1, … */
export const ruleOf = (filters: readonly BodyFilter[]): Required<Pick<MeshOptions, 'filters' | 'rule'>> => {
  const definitions = filters.map(([body, filter], index): FilterDefinition => ({
    kind: `F${index}`,
    stage: 'shape',
    config: anything(),
    body,
    create: () => filter,
  }))
  return {
    filters: definitions,
    rule: { filters: definitions.map(({ kind }) => ({ kind, config: {}, origin: kind })) },
  }
}

/** Starts a mesh whose one rule has these filters, before one pod. */
export const startBodyMesh = (
  filters: readonly BodyFilter[],
  pod: Partial<PodOptions> = {},
  options: MeshOptions = {},
): Promise<Mesh> => {
  const { filters: definitions, rule } = ruleOf(filters)
  return Mesh.start({ filters: definitions, ...options, rule: { ...rule, ...options.rule }, pods: [pod] })
}

export const upper: BodyTransform = (bytes) => bytes.toString('latin1').toUpperCase()
export const double: BodyTransform = (bytes) => Buffer.concat([bytes, bytes])
