import type { Issue } from '../../lib/decoded.ts'
import * as s from '../../lib/schema.ts'
import { type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'
import { decodeParentRefs, type ParentRef } from './parent-ref.ts'

/** A route of a kind that is known but not carried out yet: only what it attaches to is read, so as to close it. */
export interface UnimplementedRouteObject {
  readonly kind: 'TCPRoute' | 'TLSRoute'
  readonly metadata: Metadata
  readonly parentRefs: readonly ParentRef[]
}

/** Reads the parents of such a route; what cannot be read of them is a warning, the rest still counts. */
export const decodeUnimplementedRoute =
  (kind: UnimplementedRouteObject['kind']): KindDecoder<UnimplementedRouteObject> =>
  ({ body, metadata, warnings }) => {
    const spec = body['spec']
    const issues: Issue[] = []
    const parentRefs = decodeParentRefs(
      s.isPlainObject(spec) ? spec['parentRefs'] : undefined,
      metadata.namespace,
      issues,
    )
    warnings.push(...issues)
    return { ok: true, value: { kind, metadata, parentRefs } }
  }
