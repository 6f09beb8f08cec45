import type { FilterDefinition } from '../../../filter/index.ts'
import type { JsonSchema } from '../../../lib/schema.ts'
import type { KindDecoder } from '../kind.ts'
import type { BuiltInContent, FilterObject } from './filter-object.ts'
import { readTargeted, withTargets } from './read-targeted.ts'

/**
 * Makes the reader of objects whose `spec` is the configuration of a built-in filter, and what it acts on. The definition's
 * schema is asked for when there is an object: until then its code may not be loaded.
 */
export const createFilterDecoder =
  (definition: Pick<FilterDefinition, 'kind' | 'stage' | 'config'>): KindDecoder<FilterObject> =>
  (input) => {
    const targeted = readTargeted<BuiltInContent>(input, (told, path) => {
      const decoded = definition.config.decode(told, path)
      // What is decoded here is decoded once more where the filter is made.
      return decoded.ok ? { ok: true, value: { kind: 'built-in', stage: definition.stage, config: told } } : decoded
    })
    const { kind: as } = definition
    return { ok: true, value: { kind: 'Filter', as, metadata: input.metadata, ...targeted, failureMode: 'closed' } }
  }

/** `spec` of such an object as an API server checks it. */
export const builtInFilterJson = ({ config }: Pick<FilterDefinition, 'config'>): JsonSchema =>
  withTargets(config.json, 'What it does, and on what.')
