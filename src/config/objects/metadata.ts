import type { Decoded, Issue } from '../../lib/decoded.ts'
import * as s from '../../lib/schema.ts'

/** What every object says about itself. */
export interface Metadata {
  readonly name: string
  /** Empty for cluster-scoped kinds; `default` when a namespaced object names none. */
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly uid?: string
  /** `creationTimestamp` in milliseconds since the epoch. */
  readonly createdAtMs?: number
  /** Counts the changes of `spec`; the API server's, seldom in files. */
  readonly generation?: number
  readonly owners: readonly Owner[]
  /** What is written as its namespace cannot be one; of security policies only, which then may be of any. */
  readonly isNamespaceUnknown?: true
}

/** An entry of `ownerReferences`. */
export interface Owner {
  readonly kind: string
  readonly name: string
}

/** An object's name: a DNS subdomain, so that it can stand in keys. */
export const objectName = s.string({
  pattern: /[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/,
  describe: 'a DNS subdomain name of lower-case letters, digits, - and .',
})

/** A namespace's name: a DNS label. */
export const namespaceName = s.string({
  pattern: /[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/,
  describe: 'a DNS label of lower-case letters, digits and -',
})

const timestamp = s.refine(s.string(), (value, path) =>
  Number.isNaN(Date.parse(value))
    ? [{ message: 'wrong value', path, found: s.formatFound(value), expected: 'an RFC 3339 time' }]
    : [],
)

const schema = s.object(
  {
    name: objectName,
    namespace: s.optional(namespaceName),
    labels: s.withDefault(s.record(s.string()), {}),
    annotations: s.withDefault(s.record(s.string()), {}),
    uid: s.optional(s.string({ minLength: 1, maxLength: 253 })),
    creationTimestamp: s.optional(timestamp),
    generation: s.optional(s.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    ownerReferences: s.withDefault(
      s.array(s.object({ kind: s.string(), name: s.string() }, { unknownFields: 'ignore' })),
      [],
    ),
  },
  { unknownFields: 'ignore' },
)

const known = [
  ...['name', 'namespace', 'labels', 'annotations', 'uid', 'creationTimestamp', 'ownerReferences', 'generateName'],
  ...['generation', 'resourceVersion', 'managedFields', 'finalizers', 'selfLink'],
  ...['deletionTimestamp', 'deletionGracePeriodSeconds'],
]

/** Reads `metadata`. Unknown fields are harmless here: they go to `warnings` and the object stays. */
export const decodeMetadata = (
  value: unknown,
  scope: 'cluster' | 'namespace',
  warnings: Issue[],
): Decoded<Metadata> => {
  const decoded = schema.decode(value ?? {}, 'metadata')
  if (!decoded.ok) return decoded
  if (s.isPlainObject(value)) warnings.push(...s.unknownFields(value, known, 'metadata'))
  const { creationTimestamp, ownerReferences, namespace = 'default', ...rest } = decoded.value
  return {
    ok: true,
    value: {
      ...rest,
      namespace: scope === 'cluster' ? '' : namespace,
      ...(creationTimestamp === undefined ? {} : { createdAtMs: Date.parse(creationTimestamp) }),
      owners: ownerReferences,
    },
  }
}
