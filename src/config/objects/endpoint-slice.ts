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

/** Whom an endpoint is meant for, by name; as far as that can be read. */
export interface EndpointHints {
  readonly zones: readonly string[]
  readonly nodes: readonly string[]
}

/** A wrong hint must not cost an endpoint: it is none. */
const hints: s.Schema<EndpointHints> = {
  decode: (value) => ({ ok: true, value: { zones: namesOf(value, 'forZones'), nodes: namesOf(value, 'forNodes') } }),
  json: { 'x-kubernetes-preserve-unknown-fields': true },
}

const namesOf = (value: unknown, field: string): readonly string[] => {
  const list = s.isPlainObject(value) ? value[field] : undefined
  return (Array.isArray(list) ? list : []).flatMap((item: unknown): readonly string[] => {
    const name = s.isPlainObject(item) ? item['name'] : undefined
    return typeof name === 'string' ? [name] : []
  })
}

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
  hints: s.optional(hints),
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
