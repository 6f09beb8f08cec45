import * as s from '../../lib/schema.ts'
import { type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'

/** A ConfigMap (core/v1). */
export interface ConfigMapObject {
  readonly kind: 'ConfigMap'
  readonly metadata: Metadata
  readonly data: Readonly<Record<string, string>>
}

const schema = s.object({
  apiVersion: s.anything(),
  kind: s.anything(),
  metadata: s.anything(),
  data: s.withDefault(s.record(s.string()), {}),
  binaryData: s.optional(s.record(s.string())),
  immutable: s.optional(s.boolean()),
})

/** Reads a ConfigMap. */
export const decodeConfigMap: KindDecoder<ConfigMapObject> = ({ body, metadata }) => {
  const decoded = schema.decode(body, '')
  return decoded.ok ? { ok: true, value: { kind: 'ConfigMap', metadata, data: decoded.value.data } } : decoded
}
