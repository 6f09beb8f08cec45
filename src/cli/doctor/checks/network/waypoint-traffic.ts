import type { LiveObject } from '../../../../controller/manifest.ts'
import { distinctPods } from '../../look/traffic/distinct-pods.ts'
import { istiodsOf } from '../../look/istiod.ts'
import { labelsOf, nameOf, namespaceOf, refOf } from '../../look/live.ts'
import { judgeTraffic, type Connection } from '../../look/traffic/network-policies.ts'
import { isCaptured, isGatewayPod, isLive } from '../../look/pods.ts'
import { someOf } from '../../look/some-of.ts'
import type { Waypoint } from '../../mesh/facts.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0901' | 'FW0902' | 'FW0903' | 'FW0904' | 'FW0905' | 'FW0907'

const HBONE = 15_008
const CA = 15_012
const HINT = 'NetworkPolicies see ztunnel’s port 15008 and not that of the application.'

export const waypointTrafficCheck = defineCheck({
  name: 'hbone',
  section: 'network',
  title: 'NetworkPolicies let HBONE through, to waypoints and from them',
  needs: ['NetworkPolicy', 'Pod', 'Namespace', 'Gateway', 'Service'],
  codes: {
    FW0901: {
      level: 'error',
      title: 'A NetworkPolicy keeps clients from a waypoint',
      cause: `NetworkPolicies that choose the Pods of a waypoint let no Pod of the mesh in at port 15008: every connection to a Service behind it fails. ${HINT}`,
      cure: 'Allow ingress at TCP 15008 to Pods with the label gateway.networking.k8s.io/gateway-name.',
    },
    FW0902: {
      level: 'warning',
      title: 'A NetworkPolicy keeps some clients from a waypoint',
      cause: `NetworkPolicies that choose the Pods of a waypoint do not let some Pods of the mesh in at port 15008. If they are clients of a Service behind it, their connections fail. ${HINT}`,
      cure: 'Allow ingress at TCP 15008 from them as well, unless they are not meant to be clients.',
    },
    FW0903: {
      level: 'error',
      title: 'A NetworkPolicy keeps a waypoint from Pods',
      cause: `The waypoint cannot reach Pods behind it at port 15008: a NetworkPolicy of the waypoint does not let it out, or one of the Pods does not let it in. Requests are answered with 503. ${HINT}`,
      cure: 'Allow egress of the waypoint, and ingress of the Pods, at TCP 15008.',
    },
    FW0904: {
      level: 'error',
      title: 'A NetworkPolicy keeps a waypoint from istiod',
      cause:
        'The waypoint cannot reach istiod at port 15012, who issues its certificate: it does not become ready, or ends when its certificate has expired.',
      cure: 'Allow egress of the waypoint, and ingress of istiod, at TCP 15012.',
    },
    FW0905: {
      level: 'warning',
      title: 'A NetworkPolicy keeps a waypoint from DNS',
      cause:
        'A NetworkPolicy restricts what the waypoint may send, and no rule of it has port 53. Names, of istiod and of hosts outside, cannot be resolved.',
      cure: 'Allow egress of the waypoint at port 53, UDP and TCP.',
    },
    FW0907: {
      level: 'info',
      title: 'Pods may not connect to a waypoint by their own NetworkPolicies',
      cause: `NetworkPolicies of Pods in the mesh do not let them out to a waypoint at port 15008. That is as it should be unless they are clients of a Service behind it, whose connections then fail. ${HINT}`,
      cure: 'Allow egress at TCP 15008 to the waypoint, if they are clients.',
    },
  },
  run: (mesh) => {
    const { waypoints } = mesh.facts
    if (mesh.all('NetworkPolicy').length === 0) return found([], 'no NetworkPolicy')
    if (waypoints.every(({ pods }) => pods.length === 0)) return skip('no replica of a waypoint')
    const clients = distinctPods(mesh.all('Pod').filter((pod) => isLive(pod) && isCaptured(pod) && !isGatewayPod(pod)))
    return found(
      waypoints.flatMap((waypoint): readonly Finding<Code>[] => {
        const [replica] = waypoint.pods
        if (replica === undefined) return []
        return [
          ...judgeClients(mesh, { waypoint, replica, clients }),
          ...judgePods(mesh, { waypoint, replica }),
          ...judgeIstiod(mesh, { waypoint, replica }),
        ]
      }),
    )
  },
})

interface Judged {
  readonly waypoint: Waypoint
  readonly replica: LiveObject
}

interface Way {
  readonly from: LiveObject
  readonly to: LiveObject
  readonly port: number
}

/** The policies that are in the way of a connection between two Pods, on either side. */
const sidesOf = (
  mesh: Mesh,
  { from, to, port }: Way,
): { readonly egress: readonly string[]; readonly ingress: readonly string[] } => {
  const blocking = (side: Connection): readonly string[] => {
    const { isAllowed, by } = judgeTraffic(mesh, side)
    return isAllowed ? [] : by
  }
  return {
    egress: blocking({ pod: from, direction: 'Egress', peer: { kind: 'pod', pod: to }, port }),
    ingress: blocking({ pod: to, direction: 'Ingress', peer: { kind: 'pod', pod: from }, port }),
  }
}

const inTheWay = (mesh: Mesh, way: Way): readonly string[] => {
  const { egress, ingress } = sidesOf(mesh, way)
  return [...egress, ...ingress]
}

const judgeClients = (
  mesh: Mesh,
  { waypoint, replica, clients }: Judged & { readonly clients: readonly LiveObject[] },
): readonly Finding<Code>[] => {
  const object = refOf(waypoint.gateway)
  const judged = clients.map((pod) => ({ pod, ...sidesOf(mesh, { from: pod, to: replica, port: HBONE }) }))
  const kept = judged.filter(({ ingress }) => ingress.length > 0)
  const held = judged.filter(({ ingress, egress }) => ingress.length === 0 && egress.length > 0)
  const findings: Finding<Code>[] = []
  if (kept.length > 0) {
    const policies = [...new Set(kept.flatMap(({ ingress }) => ingress))]
    const isAll = kept.length === clients.length
    const who = isAll ? 'no Pod of the mesh may connect' : `${sortsOf(kept)} may not connect`
    const message = `${who} to its port ${HBONE}: NetworkPolicy ${someOf(policies)}`
    findings.push({ code: isAll ? 'FW0901' : 'FW0902', object, message, next: describe(policies) })
  }
  if (held.length > 0) {
    const policies = [...new Set(held.flatMap(({ egress }) => egress))]
    const message = `${sortsOf(held)} may not connect to its port ${HBONE}, by their own NetworkPolicy ${someOf(policies)}`
    findings.push({ code: 'FW0907', object, message, next: describe(policies) })
  }
  return findings
}

const sortsOf = (judged: readonly { readonly pod: LiveObject }[]): string =>
  someOf([...new Set(judged.map(({ pod }) => `${namespaceOf(pod)}/${labelsOf(pod)['app'] ?? nameOf(pod)}`))])

const judgePods = (mesh: Mesh, { waypoint, replica }: Judged): readonly Finding<Code>[] =>
  waypoint.services.flatMap(({ live, pods }): readonly Finding<Code>[] => {
    const policies = distinctPods(pods.filter(isCaptured)).flatMap((pod) =>
      inTheWay(mesh, { from: replica, to: pod, port: HBONE }),
    )
    if (policies.length === 0) return []
    const all = [...new Set(policies)]
    const message = `waypoint ${waypoint.key} may not connect to port ${HBONE} of its Pods: NetworkPolicy ${someOf(all)}`
    return [{ code: 'FW0903', object: refOf(live), message, next: describe(all) }]
  })

const judgeIstiod = (mesh: Mesh, { waypoint, replica }: Judged): readonly Finding<Code>[] => {
  const { istioNamespace } = mesh.settings
  const names = new Set(istiodsOf(mesh).map(nameOf))
  const istiods = mesh
    .all('Pod')
    .filter(
      (pod) =>
        namespaceOf(pod) === istioNamespace &&
        isLive(pod) &&
        (labelsOf(pod)['app'] === 'istiod' || names.has(nameOf(pod))),
    )
  const object = refOf(waypoint.gateway)
  const policies = [
    ...new Set(distinctPods(istiods).flatMap((pod) => inTheWay(mesh, { from: replica, to: pod, port: CA }))),
  ]
  const findings: Finding<Code>[] = []
  if (policies.length > 0) {
    const message = `it may not connect to port ${CA} of istiod: NetworkPolicy ${someOf(policies)}`
    findings.push({ code: 'FW0904', object, message, next: describe(policies) })
  }
  const dns = judgeDns(mesh, replica)
  if (dns.length > 0) {
    const message = `no rule lets it ask for names at port 53: NetworkPolicy ${someOf(dns)}`
    findings.push({ code: 'FW0905', object, message, next: describe(dns) })
  }
  return findings
}

/** Where DNS is, differs; a rule with the port, for whomever, is taken for the right one. */
const judgeDns = (mesh: Mesh, replica: LiveObject): readonly string[] => {
  const servers = mesh.all('Pod').filter((pod) => labelsOf(pod)['k8s-app'] === 'kube-dns')
  const [server] = servers
  if (server === undefined) return []
  const { isAllowed, by } = judgeTraffic(mesh, {
    pod: replica,
    direction: 'Egress',
    peer: { kind: 'pod', pod: server },
    port: 53,
    protocol: 'UDP',
  })
  return isAllowed ? [] : by
}

const describe = ([first = '']: readonly string[]): string => {
  const [namespace, name] = first.split('/')
  return `kubectl describe networkpolicy ${name} -n ${namespace}`
}
