import * as s from '../../lib/schema.ts'
import { decodeSpec, type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'

/** A Namespace (core/v1); only its labels matter. */
export interface NamespaceObject {
  readonly kind: 'Namespace'
  readonly metadata: Metadata
}

/** Reads a Namespace. */
export const decodeNamespace: KindDecoder<NamespaceObject> = (input) => {
  const decoded = decodeSpec(input, s.object({}, { unknownFields: 'ignore' }))
  return decoded.ok ? { ok: true, value: { kind: 'Namespace', metadata: input.metadata } } : decoded
}
