import type { Decoded, Issue } from '../../lib/decoded.ts'
import * as s from '../../lib/schema.ts'
import type { Metadata } from './metadata.ts'

/** What the decoder of a kind gets. */
export interface KindInput {
  readonly metadata: Metadata
  /** The whole object, `metadata` and `status` included. */
  readonly body: Readonly<Record<string, unknown>>
  /** Takes what is wrong without making the object unusable. */
  readonly warnings: Issue[]
  /** What is wrong already, of a kind that closes what it is about (`onUnknownVersion`). */
  readonly defects?: readonly Issue[]
}

/** Reads the rest of an object whose metadata is already known. */
export type KindDecoder<T> = (input: KindInput) => Decoded<T>

/** Reads `spec`, and warns of fields beside it that no Kubernetes object has. */
export const decodeSpec = <T>(input: KindInput, schema: s.Schema<T>): Decoded<T> => {
  input.warnings.push(...s.unknownFields(input.body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
  return schema.decode(input.body['spec'] ?? {}, 'spec')
}

/** A port number. */
export const portNumber = s.integer({ min: 1, max: 65_535 })

/** Selects objects by their labels: `matchLabels` and `matchExpressions`, all of which must hold. */
export const labelSelector = s.object({
  matchLabels: s.withDefault(s.record(s.string()), {}),
  matchExpressions: s.withDefault(
    s.array(
      s.object({
        key: s.string({ minLength: 1 }),
        operator: s.oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: s.withDefault(s.array(s.string()), []),
      }),
    ),
    [],
  ),
})

export type LabelSelector = s.ValueOf<typeof labelSelector>
