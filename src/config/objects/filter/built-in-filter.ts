import type { FilterDefinition } from '../../../filter/index.ts'
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { hideFound } from '../../../lib/secrets/hide-found.ts'
import type { KindDecoder } from '../kind.ts'
import { decodeTargetRefs } from '../target-refs.ts'
import { filterRefs, filterTargets, type FilterObject } from './filter-object.ts'

/**
 * Makes the reader of objects whose `spec` is the configuration of a built-in filter, and what it acts on. The definition's
 * schema is asked for when there is an object: until then its code may not be loaded.
 */
export const createFilterDecoder =
  (definition: Pick<FilterDefinition, 'kind' | 'config'>): KindDecoder<FilterObject> =>
  ({ body, metadata, warnings, defects: known = [] }) => {
    warnings.push(...s.unknownFields(body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
    const spec = body['spec'] ?? {}
    const found: Issue[] = [...known]
    const { targetRefs: refs, ...told } = s.isPlainObject(spec) ? spec : {}
    const targetRefs = (refs ?? undefined) === undefined ? [] : decodeTargetRefs(refs, found, filterRefs)
    const decoded = definition.config.decode(s.isPlainObject(spec) ? told : spec, 'spec')
    if (!decoded.ok) found.push(...decoded.issues)
    const defects = found.map((defect) => hideFound(defect, body))
    warnings.push(...defects)
    return {
      ok: true,
      value: {
        kind: 'Filter',
        as: definition.kind,
        metadata,
        targetRefs,
        // What is decoded here is decoded once more where the filter is made.
        content: found.length === 0 ? { kind: 'built-in', config: told } : undefined,
        failureMode: 'closed',
        defects,
      },
    }
  }

/** `spec` of such an object as an API server checks it. */
export const builtInFilterJson = ({ config }: Pick<FilterDefinition, 'config'>): s.JsonSchema => ({
  description: 'What it does, and on what.',
  ...config.json,
  properties: {
    ...(s.isPlainObject(config.json['properties']) ? config.json['properties'] : {}),
    targetRefs: filterTargets,
  },
})
