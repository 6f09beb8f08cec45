import * as s from '../../lib/schema.ts'
import { decodeSpec, type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'
import { distributionOf, type AskedDistribution } from './traffic-distribution.ts'

/** A Namespace (core/v1); only its metadata matter. */
export interface NamespaceObject {
  readonly kind: 'Namespace'
  readonly metadata: Metadata
  /** For its Services and ServiceEntries that ask for none themselves. */
  readonly distribution?: AskedDistribution
}

/** Reads a Namespace. */
export const decodeNamespace: KindDecoder<NamespaceObject> = (input) => {
  const decoded = decodeSpec(input, s.object({}, { unknownFields: 'ignore' }))
  if (!decoded.ok) return decoded
  const distribution = distributionOf(undefined, input)
  const { metadata } = input
  return { ok: true, value: { kind: 'Namespace', metadata, ...(distribution === undefined ? {} : { distribution }) } }
}
