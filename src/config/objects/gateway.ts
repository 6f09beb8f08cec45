import * as s from '../../lib/schema.ts'
import { decodeSpec, labelSelector, portNumber, type KindDecoder } from './kind.ts'
import { objectName, type Metadata } from './metadata.ts'

/** A Gateway (gateway.networking.k8s.io/v1): a waypoint when it has an HBONE listener. */
export interface GatewayObject {
  readonly kind: 'Gateway'
  readonly metadata: Metadata
  readonly className: string
  readonly listeners: readonly Listener[]
}

export type Listener = s.ValueOf<typeof listener>

const allowedRoutes = s.object({
  namespaces: s.withDefault(
    s.object({
      from: s.withDefault(s.oneOf(['All', 'Selector', 'Same', 'None']), 'Same'),
      selector: s.optional(labelSelector),
    }),
    { from: 'Same' },
  ),
  kinds: s.optional(s.array(s.object({ group: s.optional(s.string()), kind: s.string() }))),
})

const listener = s.object({
  name: objectName,
  hostname: s.optional(s.string()),
  port: portNumber,
  protocol: s.string({ minLength: 1, maxLength: 255 }),
  tls: s.optional(s.anything()),
  allowedRoutes: s.withDefault(allowedRoutes, { namespaces: { from: 'Same' } }),
})

const spec = s.object({
  gatewayClassName: objectName,
  listeners: s.withDefault(s.array(listener), []),
  addresses: s.optional(s.anything()),
  infrastructure: s.optional(s.anything()),
  allowedListeners: s.optional(s.anything()),
  backendTLS: s.optional(s.anything()),
  tls: s.optional(s.anything()),
  defaultScope: s.optional(s.anything()),
})

/** Reads a Gateway; an unknown field rejects it, since a listener says who may use it. */
export const decodeGateway: KindDecoder<GatewayObject> = (input) => {
  const decoded = decodeSpec(input, spec)
  if (!decoded.ok) return decoded
  const { gatewayClassName, listeners } = decoded.value
  return { ok: true, value: { kind: 'Gateway', metadata: input.metadata, className: gatewayClassName, listeners } }
}

/** The listener that makes a Gateway a waypoint: of several HBONE listeners the one on the mesh's port counts. */
export const hboneListener = (gateway: GatewayObject): Listener | undefined => {
  const listeners = gateway.listeners.filter(({ protocol }) => protocol === 'HBONE')
  return listeners.find(({ port }) => port === 15_008) ?? listeners[0]
}

/** Whether it is one for traffic in the mesh: it takes HBONE, or what the ztunnel in front of it has decrypted. */
export const isWaypoint = ({ listeners }: Pick<GatewayObject, 'listeners'>): boolean =>
  listeners.some(({ protocol }) => protocol === 'HBONE' || protocol === 'istio.io/PROXY')
