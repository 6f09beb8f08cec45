import * as s from '../../lib/schema.ts'
import { decodeSpec, type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'

/** A GatewayClass (gateway.networking.k8s.io/v1); its labels are defaults for its Gateways. */
export interface GatewayClassObject {
  readonly kind: 'GatewayClass'
  readonly metadata: Metadata
  readonly controllerName: string
}

const spec = s.object({
  controllerName: s.string({ minLength: 1, maxLength: 253 }),
  description: s.optional(s.string()),
  parametersRef: s.optional(s.anything()),
})

/** Reads a GatewayClass. */
export const decodeGatewayClass: KindDecoder<GatewayClassObject> = (input) => {
  const decoded = decodeSpec(input, spec)
  if (!decoded.ok) return decoded
  return {
    ok: true,
    value: { kind: 'GatewayClass', metadata: input.metadata, controllerName: decoded.value.controllerName },
  }
}
