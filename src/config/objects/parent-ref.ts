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
export const decodeParentRefs = (value: unknown, routeNamespace: string, issues: Issue[]): readonly ParentRef[] => {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    issues.push({ message: 'wrong value', path: 'spec.parentRefs', found: s.formatFound(value), expected: 'an array' })
    return []
  }
  const refs = value.flatMap((item: unknown, index): readonly ParentRef[] => {
    const path = `spec.parentRefs[${index}]`
    const decoded = parentRef.decode(item, path)
    if (s.isPlainObject(item)) issues.push(...s.unknownFields(item, Object.keys(fields), path))
    if (decoded.ok) return [{ ...decoded.value, path }]
    issues.push(...decoded.issues)
    const whole = wholeParent.decode(item, path)
    return whole.ok ? [{ ...whole.value, path }] : []
  })
  issues.push(...refs.flatMap((ref, index) => checkAgainst(ref, refs.slice(0, index), routeNamespace)))
  return refs
}

/**
 * Two references to one parent have to mean different parts of it, and both have to say which (CommonRouteSpec's
 * validation rules).
 */
const checkAgainst = (ref: ParentRef, earlier: readonly ParentRef[], routeNamespace: string): readonly Issue[] => {
  const parent = formatWhole(ref, routeNamespace)
  for (const other of earlier) {
    if (formatWhole(other, routeNamespace) !== parent) continue
    const base = { path: ref.path, found: parent }
    if ((ref.sectionName === undefined) !== (other.sectionName === undefined)) {
      const expected = 'a sectionName in every reference to one parent, or in none'
      return [{ ...base, message: `differs from ${other.path} in having a sectionName or not`, expected }]
    }
    if ((ref.port === undefined) !== (other.port === undefined)) {
      const expected = 'a port in every reference to one parent, or in none'
      return [{ ...base, message: `differs from ${other.path} in having a port or not`, expected }]
    }
    if (ref.sectionName === other.sectionName && ref.port === other.port) {
      return [{ ...base, message: `means the same as ${other.path}`, expected: 'each reference once' }]
    }
  }
  return []
}

/** The parent without what a reference narrows it to; Kubernetes' own group has two spellings. */
const formatWhole = ({ group, kind, namespace, name }: ParentRef, routeNamespace: string): string =>
  `${group === '' || group === 'core' ? '' : `${group}/`}${kind} ${namespace ?? routeNamespace}/${name}`
