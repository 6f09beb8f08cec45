import type { Issue } from '../../lib/decoded.ts'
import * as s from '../../lib/schema.ts'
import { type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'
import { readCredentials, type SecretCredential } from './secret-credentials.ts'

/** A Secret (core/v1). Its values are checked and left behind, but for hashes that filters refer to: what is not held cannot leak. */
export interface SecretObject {
  readonly kind: 'Secret'
  readonly metadata: Metadata
  readonly type: string
  readonly keys: readonly string[]
  /** There for types of ours only. */
  readonly credentials?: readonly SecretCredential[]
}

const values = s.withDefault(s.record(s.string({ secret: true })), {})

const schema = s.object({
  apiVersion: s.anything(),
  kind: s.anything(),
  metadata: s.anything(),
  type: s.withDefault(s.string(), 'Opaque'),
  data: values,
  stringData: values,
  immutable: s.optional(s.boolean()),
})

/** Reads a Secret; no issue ever shows a value. */
export const decodeSecret: KindDecoder<SecretObject> = ({ body, metadata }) => {
  const decoded = schema.decode(body, '')
  if (!decoded.ok) return { ok: false, issues: decoded.issues.map(withoutValues) }
  const { type, data, stringData } = decoded.value
  // As the API server has it: what is written as text wins.
  const credentials = readCredentials(type, () => Object.entries({ ...decodeBase64(data), ...stringData }))
  return {
    ok: true,
    value: {
      kind: 'Secret',
      metadata,
      type,
      keys: [...Object.keys(data), ...Object.keys(stringData)],
      ...(credentials === undefined ? {} : { credentials }),
    },
  }
}

const decodeBase64 = (data: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]))

/** Whatever is wrong: a value may stand in the wrong place (`data: hunter2`, `hunter2: data`), and so may a whole Secret. */
const withoutValues = (issue: Issue): Issue => (issue.found === undefined ? issue : { ...issue, found: '(not shown)' })
