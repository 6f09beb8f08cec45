import * as s from '../../lib/schema.ts'
import { decodeSpec, type KindDecoder } from './kind.ts'
import { namespaceName, objectName, type Metadata } from './metadata.ts'
import { noteGrant } from './reference-grant-notes.ts'

/** A ReferenceGrant (gateway.networking.k8s.io/v1beta1 and v1): lets others refer into its namespace. */
export interface ReferenceGrantObject {
  readonly kind: 'ReferenceGrant'
  readonly metadata: Metadata
  readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[]
  /** Without a name: every object of the kind. */
  readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[]
}

const spec = s.object({
  from: s.array(s.object({ group: s.string(), kind: s.string({ minLength: 1 }), namespace: namespaceName }), {
    minItems: 1,
  }),
  to: s.array(s.object({ group: s.string(), kind: s.string({ minLength: 1 }), name: s.optional(objectName) }), {
    minItems: 1,
  }),
})

/** Reads a ReferenceGrant; an unknown field rejects it, since it might have narrowed what is granted. What permits nothing is a warning. */
export const decodeReferenceGrant: KindDecoder<ReferenceGrantObject> = (input) => {
  const decoded = decodeSpec(input, spec)
  if (!decoded.ok) return decoded
  input.warnings.push(...noteGrant(decoded.value))
  return { ok: true, value: { kind: 'ReferenceGrant', metadata: input.metadata, ...decoded.value } }
}
