import type { Issue } from '../../lib/decoded.ts'
import * as s from '../../lib/schema.ts'
import { objectName } from './metadata.ts'

/** Something in a policy's namespace. */
export interface PolicyTargetRef {
  readonly group: string
  readonly kind: string
  readonly name: string
  /** The name of a Service port; absent: all ports. */
  readonly sectionName?: string
  /** `spec.targetRefs[0]` */
  readonly path: string
}

const fields = {
  group: s.documented(s.withDefault(s.string(), ''), 'Of the API that the target belongs to; empty for Services.'),
  kind: s.documented(s.string({ minLength: 1 }), 'What the target is: Service, …'),
  name: s.documented(objectName, 'Of the target, in the namespace of the object that refers to it.'),
}

/** A reference that may name a part of its target. */
export const sectionRef: s.Schema<Omit<PolicyTargetRef, 'path'>> = s.object({
  ...fields,
  sectionName: s.documented(
    s.optional(s.string({ minLength: 1, maxLength: 253 })),
    'The part of the target: the name of a port, or of a rule. Left out: all of it.',
  ),
})

/** A reference to all of its target (LocalPolicyTargetReference). */
export const wholeRef: s.Schema<Omit<PolicyTargetRef, 'path'>> = s.object(fields)

/** `spec.targetRefs` as an API server checks it; Gateway API's limit of sixteen. */
export const targetRefsSchema = (ref: s.Schema<unknown>): s.Schema<readonly unknown[]> =>
  s.array(ref, { minItems: 1, maxItems: 16 })

const anyRef = s.object(fields, { unknownFields: 'ignore' })

/** How references are read. */
export interface TargetRefsOptions {
  readonly ref: typeof sectionRef
  /** What one comes to whose other fields, or section, cannot be read: the `whole` target, or `none`. */
  readonly unreadable: 'whole' | 'none'
}

/** Reads `spec.targetRefs`; at least one has to be there. All that is wrong goes to `defects`. */
export const decodeTargetRefs = (
  value: unknown,
  defects: Issue[],
  { ref, unreadable }: TargetRefsOptions,
): readonly PolicyTargetRef[] => {
  const path = 'spec.targetRefs'
  if (!Array.isArray(value) || value.length === 0) {
    defects.push({ message: 'wrong value', path, found: s.formatFound(value), expected: 'at least one target' })
    return []
  }
  return value.flatMap((item: unknown, index): readonly PolicyTargetRef[] => {
    const at = `${path}[${index}]`
    const decoded = ref.decode(item, at)
    if (decoded.ok) return [{ ...decoded.value, path: at }]
    defects.push(...decoded.issues)
    const whole = anyRef.decode(item, at)
    return whole.ok && unreadable === 'whole' ? [{ ...whole.value, path: at }] : []
  })
}
