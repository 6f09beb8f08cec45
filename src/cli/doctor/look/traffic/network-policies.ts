/** What NetworkPolicies (networking.k8s.io/v1) let through. Those of a CNI's own kinds are not known here. */
import { isInCidr, parseCidr, parseIp } from '../../../../lib/addresses/cidr.ts'
import { isPlainObject } from '../../../../lib/schema.ts'
import { listAt, textAt, valueAt, type LiveObject } from '../../../../controller/manifest.ts'
import { containerPort } from '../service-ports.ts'
import { isSelected, keyOfLive, labelsOf, namespaceLabels, namespaceOf, numberAt } from '../live.ts'
import type { Mesh } from '../../mesh/mesh.ts'

/** The other end of a connection. */
export type Peer =
  | { readonly kind: 'pod'; readonly pod: LiveObject }
  | { readonly kind: 'address'; readonly address: string }

export type Direction = 'Ingress' | 'Egress'

/** What policies say of a connection; `by` are those that say it. */
export interface TrafficVerdict {
  readonly isAllowed: boolean
  /** `NAMESPACE/NAME` of each policy that is about the Pod in that direction. */
  readonly by: readonly string[]
}

/** One connection, as the Pod that policies choose sees it. */
export interface Connection {
  readonly pod: LiveObject
  readonly direction: Direction
  readonly peer: Peer
  readonly port: number
  /** Default `TCP`. */
  readonly protocol?: 'TCP' | 'UDP'
}

/** Whether the policies of the Pod's namespace let a connection through. */
export const judgeTraffic = (mesh: Mesh, connection: Connection): TrafficVerdict => {
  const policies = policiesOf(mesh, connection.pod, connection.direction)
  const isAllowed = policies.length === 0 || policies.some((policy) => allows(mesh, policy, connection))
  return { isAllowed, by: policies.map(keyOfLive) }
}

/** The policies that are about a Pod in a direction; without any, all is let through. */
export const policiesOf = (mesh: Mesh, pod: LiveObject, direction: Direction): readonly LiveObject[] =>
  mesh
    .all('NetworkPolicy')
    .filter(
      (policy) =>
        namespaceOf(policy) === namespaceOf(pod) &&
        typesOf(policy).includes(direction) &&
        isSelected(valueAt(policy, 'spec', 'podSelector'), labelsOf(pod)),
    )

/** Where nothing is said, a policy is about what comes in; about what goes out when it has rules for it. */
const typesOf = (policy: LiveObject): readonly unknown[] => {
  const written = listAt(policy, 'spec', 'policyTypes')
  if (written.length > 0) return written
  return listAt(policy, 'spec', 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

const allows = (mesh: Mesh, policy: LiveObject, connection: Connection): boolean => {
  const { direction, peer } = connection
  const [field, side] = direction === 'Ingress' ? ['ingress', 'from'] : ['egress', 'to']
  return listAt(policy, 'spec', field).some((rule) => {
    const peers = listAt(rule, side)
    const isPeer = peers.length === 0 || peers.some((one) => isMeant(mesh, one, { peer, home: namespaceOf(policy) }))
    return isPeer && hasPort(listAt(rule, 'ports'), connection)
  })
}

const isMeant = (
  mesh: Mesh,
  selector: unknown,
  { peer, home }: { readonly peer: Peer; readonly home: string },
): boolean => {
  const block = valueAt(selector, 'ipBlock')
  if (isPlainObject(block)) return addressesOf(peer).some((address) => isInBlock(block, address))
  if (peer.kind === 'address') return false
  const namespace = namespaceOf(peer.pod)
  const namespaces = valueAt(selector, 'namespaceSelector')
  const isThere =
    namespaces === undefined
      ? namespace === home
      : isSelected(namespaces, namespaceLabels(mesh.get('Namespace', '', namespace), namespace))
  return isThere && isSelected(valueAt(selector, 'podSelector'), labelsOf(peer.pod))
}

const addressesOf = (peer: Peer): readonly string[] => {
  if (peer.kind === 'address') return [peer.address]
  const all = [
    textAt(peer.pod, 'status', 'podIP'),
    ...listAt(peer.pod, 'status', 'podIPs').map((one) => textAt(one, 'ip')),
  ]
  return all.filter((address) => address !== '')
}

const isInBlock = (block: Readonly<Record<string, unknown>>, address: string): boolean => {
  const ip = parseIp(address)
  const isIn = (text: unknown): boolean => {
    const cidr = parseCidr(String(text))
    return ip !== undefined && cidr !== undefined && isInCidr(ip, cidr)
  }
  return isIn(block['cidr']) && !listAt(block, 'except').some(isIn)
}

/** A name is that of a container's port, of the Pod that is connected to. */
const hasPort = (ports: readonly unknown[], { pod, direction, peer, port, protocol = 'TCP' }: Connection): boolean => {
  if (ports.length === 0) return true
  const target = direction === 'Ingress' ? pod : peer.kind === 'pod' ? peer.pod : undefined
  return ports.some((one) => {
    if ((textAt(one, 'protocol') || 'TCP') !== protocol) return false
    const written = valueAt(one, 'port')
    if (written === undefined) return true
    const first = typeof written === 'number' ? written : containerPort(target, textAt(one, 'port'))
    return first !== undefined && port >= first && port <= numberAt(one, ['endPort'], first)
  })
}
