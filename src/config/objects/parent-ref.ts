import type { Issue } from '../../lib/decoded.ts'
import * as s from '../../lib/schema.ts'
import { portNumber } from './kind.ts'
import { namespaceName, objectName } from './metadata.ts'

/** What a route attaches to; defaults are Gateway API's (group gateway.networking.k8s.io, kind Gateway). */
export interface ParentRef {
  readonly group: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  /** A listener's name, or a Service port's. */
  readonly sectionName?: string
  readonly port?: number
  /** `spec.parentRefs[0]` */
  readonly path: string
}

const fields = {
  group: s.withDefault(s.string(), 'gateway.networking.k8s.io'),
  kind: s.withDefault(s.string({ minLength: 1 }), 'Gateway'),
  namespace: s.optional(namespaceName),
  name: objectName,
  sectionName: s.optional(objectName),
  port: s.optional(portNumber),
}

const parentRef = s.object(fields, { unknownFields: 'ignore' })

/** A narrower reading of a reference whose section or port cannot be read: it then means the whole parent. */
const wholeParent = s.object(
  { group: fields.group, kind: fields.kind, namespace: fields.namespace, name: fields.name },
  { unknownFields: 'ignore' },
)

/**
 * Reads `spec.parentRefs` as widely as can be: a reference with a wrong part still counts for its whole parent, so
 * that the caller can close there what it could not understand. All that is wrong goes to `issues`.
 */
export const decodeParentRefs = (value: unknown, issues: Issue[]): readonly ParentRef[] => {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    issues.push({ message: 'wrong value', path: 'spec.parentRefs', found: s.formatFound(value), expected: 'an array' })
    return []
  }
  return value.flatMap((item: unknown, index): readonly ParentRef[] => {
    const path = `spec.parentRefs[${index}]`
    const decoded = parentRef.decode(item, path)
    if (s.isPlainObject(item)) issues.push(...s.unknownFields(item, Object.keys(fields), path))
    if (decoded.ok) return [{ ...decoded.value, path }]
    issues.push(...decoded.issues)
    const whole = wholeParent.decode(item, path)
    return whole.ok ? [{ ...whole.value, path }] : []
  })
}
