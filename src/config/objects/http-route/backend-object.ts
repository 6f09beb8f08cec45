import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { portNumber } from '../kind.ts'
import { namespaceName } from '../metadata.ts'

/** What a BackendObjectReference points at, defaults applied. */
export interface BackendObject {
  readonly group: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  /** Always there for a Service. */
  readonly port?: number
}

/** The fields of a BackendObjectReference. */
export const backendObject = {
  group: s.withDefault(s.string({ maxLength: 253 }), ''),
  kind: s.withDefault(s.string({ minLength: 1, maxLength: 63 }), 'Service'),
  namespace: s.optional(namespaceName),
  name: s.string({ minLength: 1, maxLength: 253 }),
  port: s.optional(portNumber),
}

/** A Service is reached at a port; other kinds may have their own idea of it. */
export const needsPort = (ref: BackendObject, path: string): readonly Issue[] =>
  ref.kind === 'Service' && ref.group === '' && ref.port === undefined
    ? [{ message: 'is missing', path: `${path}.port`, found: 'nothing', expected: 'the port of the Service' }]
    : []
