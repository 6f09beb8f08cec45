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
  issues.push(...checkDistinct(refs, routeNamespace))
  return refs
}

/**
 * Two references to one parent have to mean different parts of it, and both have to say which (CommonRouteSpec's
 * validation rules).
 */
const checkDistinct = (refs: readonly ParentRef[], routeNamespace: string): readonly Issue[] => {
  const firsts = new Map<string, ParentRef>()
  return refs.flatMap((ref): readonly Issue[] => {
    const parent = formatWhole(ref, routeNamespace)
    const part = `${parent}\n${ref.sectionName ?? ''}\n${ref.port ?? ''}`
    const [first, same] = [firsts.get(parent), firsts.get(part)]
    if (first === undefined) firsts.set(parent, ref)
    if (same === undefined) firsts.set(part, ref)
    if (first === undefined) return []
    const issue = (message: string, expected: string): readonly Issue[] => [
      { message, path: ref.path, found: parent, expected },
    ]
    if (same !== undefined) return issue(`means the same as ${same.path}`, 'each reference once')
    for (const field of ['sectionName', 'port'] as const) {
      if ((ref[field] === undefined) !== (first[field] === undefined)) {
        const message = `differs from ${first.path} in having a ${field} or not`
        return issue(message, `a ${field} in every reference to one parent, or in none`)
      }
    }
    return []
  })
}

/** The parent without what a reference narrows it to; Kubernetes' own group has two spellings. */
const formatWhole = ({ group, kind, namespace, name }: ParentRef, routeNamespace: string): string =>
  `${group === '' || group === 'core' ? '' : `${group}/`}${kind} ${namespace ?? routeNamespace}/${name}`
