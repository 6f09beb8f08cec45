import type { FilterDefinition } from '../../../filter/index.ts'
import { isPlainObject, type JsonSchema } from '../../../lib/schema.ts'
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
      if (!decoded.ok) return decoded
      const { stage } = definition
      return { ok: true, value: { kind: 'built-in', stage, config: told, ...endOf(decoded.value) } }
    })
    const { kind: as } = definition
    return { ok: true, value: { kind: 'Filter', as, metadata: input.metadata, ...targeted, failureMode: 'closed' } }
  }

/** A configuration with a time `until` is off from then on (FaultInjection). */
const endOf = (config: unknown): Pick<BuiltInContent, 'endsAtMs'> =>
  isPlainObject(config) && typeof config['until'] === 'number' ? { endsAtMs: config['until'] } : {}

/** `spec` of such an object as an API server checks it. */
export const builtInFilterJson = ({ config }: Pick<FilterDefinition, 'config'>): JsonSchema =>
  withTargets(config.json, 'What it does, and on what.')
