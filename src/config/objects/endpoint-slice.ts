import * as s from '../../lib/schema.ts'
import { portNumber, type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'

/** An EndpointSlice (discovery.k8s.io/v1); its fields stand at the top, there is no `spec`. */
export interface EndpointSliceObject {
  readonly kind: 'EndpointSlice'
  readonly metadata: Metadata
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN'
  readonly endpoints: readonly SliceEndpoint[]
  /** Empty: every port. */
  readonly ports: readonly SlicePort[]
}

export type SliceEndpoint = s.ValueOf<typeof endpoint>
export type SlicePort = s.ValueOf<typeof slicePort>

const endpoint = s.object({
  addresses: s.array(s.string(), { minItems: 1, maxItems: 100 }),
  conditions: s.withDefault(
    s.object(
      { ready: s.optional(s.boolean()), serving: s.optional(s.boolean()), terminating: s.optional(s.boolean()) },
      { unknownFields: 'ignore' },
    ),
    {},
  ),
  targetRef: s.optional(
    s.object(
      { kind: s.optional(s.string()), name: s.optional(s.string()), namespace: s.optional(s.string()) },
      { unknownFields: 'ignore' },
    ),
  ),
  hostname: s.optional(s.string()),
  nodeName: s.optional(s.string()),
  zone: s.optional(s.string()),
  hints: s.optional(s.anything()),
  deprecatedTopology: s.optional(s.anything()),
})

const slicePort = s.object({
  name: s.optional(s.string()),
  port: s.optional(portNumber),
  protocol: s.withDefault(s.oneOf(['TCP', 'UDP', 'SCTP']), 'TCP'),
  appProtocol: s.optional(s.string()),
})

const schema = s.object({
  apiVersion: s.anything(),
  kind: s.anything(),
  metadata: s.anything(),
  addressType: s.oneOf(['IPv4', 'IPv6', 'FQDN']),
  endpoints: s.withDefault(s.array(endpoint), []),
  ports: s.withDefault(s.array(slicePort), []),
})

/** Reads an EndpointSlice. */
export const decodeEndpointSlice: KindDecoder<EndpointSliceObject> = ({ body, metadata }) => {
  const decoded = schema.decode(body, '')
  if (!decoded.ok) return decoded
  const { addressType, endpoints, ports } = decoded.value
  return { ok: true, value: { kind: 'EndpointSlice', metadata, addressType, endpoints, ports } }
}
