import type { Issue } from '../../../lib/decoded.ts'
import { joinPath } from '../../../lib/field-path.ts'
import * as s from '../../../lib/schema.ts'
import type { CustomTag } from '../../../model/telemetry/tracing-policy.ts'
import { fieldName } from '../token.ts'

const named = s.object({ name: s.string({ minLength: 1, maxLength: 256 }), defaultValue: s.optional(s.string()) })

const KINDS = 'one of literal, environment, header, formatter'

const tag = s.refine(
  s.object({
    literal: s.optional(s.object({ value: s.string({ minLength: 1 }) })),
    environment: s.optional(named),
    header: s.optional(s.object({ name: fieldName, defaultValue: s.optional(s.string()) })),
    formatter: s.optional(s.object({ value: s.string({ minLength: 1 }) })),
  }),
  (written, path): readonly Issue[] => {
    const kinds = Object.keys(written)
    if (kinds.length === 1) return []
    const found = kinds.length === 0 ? 'nothing' : kinds.join(', ')
    return [{ message: 'wrong value', path, found, expected: KINDS }]
  },
)

/** Tags of spans by name, as Telemetry objects and MeshConfig both have them; sorted by name. */
export const customTagsSchema: s.Schema<readonly CustomTag[]> = s.map(
  s.refine(s.record(tag), (written, path): readonly Issue[] =>
    Object.hasOwn(written, '')
      ? [{ message: 'wrong value', path: joinPath(path, ''), found: 'an empty name', expected: 'a name of a tag' }]
      : [],
  ),
  (written) =>
    Object.entries(written)
      .map(([name, value]) => tagOf(name, value))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
)

const tagOf = (name: string, { literal, environment, header, formatter }: s.ValueOf<typeof tag>): CustomTag => {
  if (literal !== undefined) return { kind: 'literal', name, value: literal.value }
  if (environment !== undefined) {
    return { kind: 'environment', name, variable: environment.name, ...defaultOf(environment) }
  }
  if (header !== undefined) return { kind: 'header', name, header: header.name.toLowerCase(), ...defaultOf(header) }
  return { kind: 'format', name, format: formatter?.value ?? '' }
}

/** An empty one is none, as in protobuf. */
const defaultOf = ({ defaultValue }: { readonly defaultValue?: string }): { readonly defaultValue?: string } =>
  defaultValue === undefined || defaultValue === '' ? {} : { defaultValue }
