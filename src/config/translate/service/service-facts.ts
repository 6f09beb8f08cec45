import { canonicalIp } from '../../../lib/ip.ts'
import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'

/** The host name that clients know a Service by. */
export const hostnameOf = ({ metadata, entry }: ServiceObject, clusterDomain: string): string =>
  entry?.host ?? `${metadata.name}.${metadata.namespace}.svc.${clusterDomain}`

/** The ports that a waypoint can carry: TCP, each number once. */
export const tcpPortsOf = ({ ports }: ServiceObject): readonly ServicePortObject[] =>
  ports.filter(
    (port, index) =>
      port.protocol === 'TCP' &&
      ports.findIndex((other) => other.protocol === 'TCP' && other.port === port.port) === index,
  )

/** A Service without virtual address: a backend, never a parent. */
export const isHeadless = ({ clusterIPs }: ServiceObject): boolean => clusterIPs.includes('None')

/** Virtual addresses in canonical form; what is no address (`None`, a slip of the pen) is left out. */
export const addressesOf = ({ clusterIPs }: ServiceObject): readonly string[] => [
  ...new Set(clusterIPs.flatMap((address) => canonicalIp(address) ?? [])),
]
