import { nearestWord } from '../../../lib/nearest.ts'
import type { PortProtocol } from '../../../model/port-protocol.ts'
import type { ServicePortObject } from '../../objects/service.ts'

/** Values of `appProtocol` that Kubernetes defines. */
const kubernetesProtocols: ReadonlyMap<string, PortProtocol> = new Map([
  ['kubernetes.io/h2c', 'http2'],
  ['kubernetes.io/ws', 'http'],
  ['kubernetes.io/wss', 'tls'],
])

/** What Istio reads from `appProtocol`, or from a port's name up to its first hyphen. */
const istioProtocols: ReadonlyMap<string, PortProtocol> = new Map([
  ['http', 'http'],
  ['http_proxy', 'http'],
  ['http2', 'http2'],
  ['grpc', 'grpc'],
  ['https', 'tls'],
  ['tls', 'tls'],
  ['tcp', 'tcp'],
  ['mongo', 'tcp'],
  ['redis', 'tcp'],
  ['mysql', 'tcp'],
])

/** Ports whose servers speak first, so that looking at what the client sends would wait for ever. */
const wellKnownTcpPorts: ReadonlySet<number> = new Set([25, 53, 3306, 27_017])

/** What a Service port speaks: `appProtocol` before the port's name, case not counting (Istio's protocol selection). */
export const protocolOf = ({ name, appProtocol, port }: ServicePortObject): PortProtocol => {
  const text = (appProtocol ?? name ?? '').toLowerCase()
  const known = appProtocol === undefined ? undefined : kubernetesProtocols.get(text)
  if (known !== undefined) return known
  // The one protocol whose name has a hyphen itself; it is HTTP/1.1 or HTTP/2 without gRPC's framing of trailers.
  if (text.startsWith('grpc-web')) return 'http'
  const protocol = istioProtocols.get(text.split('-', 1)[0] ?? '')
  return protocol ?? (wellKnownTcpPorts.has(port) ? 'tcp' : 'unknown')
}

/** What Istio knows beside, and nothing is made of here. */
const otherProtocols: readonly string[] = ['udp', 'grpc-web', 'hbone', 'double-hbone']

/** What a ServiceEntry's `protocol` was probably meant to be, where it is none; `undefined` for what may be one. */
export const unknownProtocol = (port: ServicePortObject): { readonly nearest: string | undefined } | undefined => {
  const text = port.appProtocol?.toLowerCase()
  if (text === undefined || otherProtocols.includes(text) || protocolOf({ ...port, port: 1 }) !== 'unknown')
    return undefined
  return { nearest: nearestWord(text, [...istioProtocols.keys(), ...otherProtocols]) }
}

/**
 * What clients speak on a port. Where a BackendTLSPolicy says how TLS is spoken to the applications, that TLS is ours,
 * and the port's declaration (`kubernetes.io/wss`, `https`) is about it: clients speak HTTP to us.
 */
export const frontendProtocolOf = (port: ServicePortObject, hasBackendTls: boolean): PortProtocol => {
  const protocol = protocolOf(port)
  return protocol === 'tls' && hasBackendTls ? 'http' : protocol
}

/** Whether requests may be found on a port that speaks this. */
export const mayCarryRequests = (protocol: PortProtocol): boolean => protocol !== 'tcp' && protocol !== 'tls'
