import type { Issue } from '../../lib/decoded.ts'
import { canonicalIp } from '../../lib/ip.ts'
import * as s from '../../lib/schema.ts'
import { decodeSpec, portNumber, type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'
import type { EntryHost } from './service-entry/entry-host.ts'
import { distributionOf, type AskedDistribution } from './traffic-distribution.ts'

/** A Service (core/v1), as far as traffic is concerned. */
export interface ServiceObject {
  readonly kind: 'Service'
  readonly metadata: Metadata
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  /** As written; `None` for a headless Service. */
  readonly clusterIPs: readonly string[]
  readonly selector: Readonly<Record<string, string>>
  readonly ports: readonly ServicePortObject[]
  /** Which endpoints are preferred (`spec.trafficDistribution`, KEP-3015); absent: what its Namespace says. */
  readonly distribution?: AskedDistribution
  /** Fields that are set to what is not carried out for them (`sessionAffinity`, `internalTrafficPolicy`). */
  readonly unmet?: readonly UnmetField[]
  /** There when it is no Service but a host of a ServiceEntry, which is served like one. */
  readonly entry?: EntryHost
}

/** A field with the value that it is not carried out for. */
export type UnmetField = 'sessionAffinity ClientIP' | 'internalTrafficPolicy Local'

export type ServicePortObject = s.ValueOf<typeof servicePort>

const targetPort: s.Schema<number | string> = {
  decode: (value, path) => (typeof value === 'string' ? portName.decode(value, path) : portNumber.decode(value, path)),
  json: { 'x-kubernetes-int-or-string': true },
}

const portName = s.string({ minLength: 1, maxLength: 63 })

const servicePort = s.object({
  name: s.optional(s.string({ maxLength: 63 })),
  port: portNumber,
  protocol: s.withDefault(s.oneOf(['TCP', 'UDP', 'SCTP']), 'TCP'),
  appProtocol: s.optional(s.string()),
  targetPort: s.optional(targetPort),
  nodePort: s.optional(s.integer({ min: 0, max: 65_535 })),
})

const spec = s.object(
  {
    type: s.withDefault(s.oneOf(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']), 'ClusterIP'),
    clusterIP: s.optional(s.string()),
    clusterIPs: s.withDefault(s.array(s.string()), []),
    selector: s.withDefault(s.record(s.string()), {}),
    ports: s.withDefault(s.array(servicePort), []),
    trafficDistribution: s.optional(s.string()),
    sessionAffinity: s.optional(s.string()),
    internalTrafficPolicy: s.optional(s.string()),
  },
  { unknownFields: 'ignore' },
)

const known = [
  ...['type', 'clusterIP', 'clusterIPs', 'selector', 'ports', 'externalName', 'externalIPs', 'externalTrafficPolicy'],
  ...['internalTrafficPolicy', 'ipFamilies', 'ipFamilyPolicy', 'sessionAffinity', 'sessionAffinityConfig'],
  ...['publishNotReadyAddresses', 'loadBalancerIP', 'loadBalancerClass', 'loadBalancerSourceRanges'],
  ...['allocateLoadBalancerNodePorts', 'healthCheckNodePort', 'trafficDistribution'],
]

/** Reads a Service; fields of `spec` that Kubernetes does not know are warnings. */
export const decodeService: KindDecoder<ServiceObject> = (input) => {
  const decoded = decodeSpec(input, spec)
  if (!decoded.ok) return decoded
  const written = input.body['spec']
  if (s.isPlainObject(written)) input.warnings.push(...s.unknownFields(written, known, 'spec'))
  const { clusterIP, clusterIPs, type, selector, ports } = decoded.value
  const unmet = unmetOf(decoded.value)
  const first = clusterIP === undefined || clusterIP === '' ? [] : [clusterIP]
  const addresses = [...new Set([...first, ...clusterIPs])]
  input.warnings.push(...noAddresses(decoded.value))
  const distribution = distributionOf(decoded.value.trafficDistribution, input)
  return {
    ok: true,
    value: {
      kind: 'Service',
      metadata: input.metadata,
      type,
      clusterIPs: addresses,
      selector,
      ports,
      ...(distribution === undefined ? {} : { distribution }),
      ...(unmet.length === 0 ? {} : { unmet }),
    },
  }
}

const unmetOf = ({
  sessionAffinity,
  internalTrafficPolicy,
}: Pick<s.ValueOf<typeof spec>, 'sessionAffinity' | 'internalTrafficPolicy'>): readonly UnmetField[] => [
  ...(sessionAffinity === 'ClientIP' ? ['sessionAffinity ClientIP' as const] : []),
  ...(internalTrafficPolicy === 'Local' ? ['internalTrafficPolicy Local' as const] : []),
]

/** An API server refuses them; in a file they are slips of the pen, by which nobody finds the Service. */
const noAddresses = ({
  clusterIP,
  clusterIPs,
}: Pick<s.ValueOf<typeof spec>, 'clusterIP' | 'clusterIPs'>): readonly Issue[] =>
  [
    { path: 'spec.clusterIP', written: clusterIP ?? '' },
    ...clusterIPs.map((written, index) => ({ path: `spec.clusterIPs[${index}]`, written })),
  ].flatMap(({ path, written }): readonly Issue[] => {
    if (written === '' || written === 'None' || canonicalIp(written) !== undefined) return []
    const message = 'is no address: whoever dials the Service by it is answered 404'
    return [{ message, path, found: s.formatFound(written), expected: 'an IP address, or None' }]
  })
