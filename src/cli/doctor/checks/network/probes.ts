import { valueAt, type LiveObject } from '../../../../controller/manifest.ts'
import { containersOf, keyOfLive, nameOf, namespaceOf } from '../../look/live.ts'
import { containerPort } from '../../look/service-ports.ts'
import { distinctPods } from '../../look/traffic/distinct-pods.ts'
import { judgeTraffic, policiesOf } from '../../look/traffic/network-policies.ts'
import { isCaptured, isLive, isReady } from '../../look/pods.ts'
import { someOf } from '../../look/some-of.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

/** Where probes of kubelet come from, once Istio’s CNI has rewritten them so that ztunnel lets them pass. */
const PROBES = '169.254.7.127'

export const probesCheck = defineCheck({
  name: 'probes',
  section: 'network',
  title: 'kubelet’s probes reach Pods in the mesh',
  needs: ['NetworkPolicy', 'Pod'],
  codes: {
    FW0906: {
      level: 'warning',
      title: 'A NetworkPolicy keeps kubelet’s probes from captured Pods',
      cause:
        'Probes of captured Pods come from 169.254.7.127, since Istio’s CNI rewrites them so that mutual TLS is not asked of them. A CNI that lets a node reach its own Pods does not know this address, and a NetworkPolicy that does not name it keeps the probes out: Pods are not ready, or are restarted.',
      cure: 'Allow ingress from ipBlock 169.254.7.127/32 (and fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128 where there is IPv6).',
    },
  },
  run: (mesh) => {
    if (mesh.all('NetworkPolicy').length === 0) return found([], 'no NetworkPolicy')
    const captured = mesh.all('Pod').filter((pod) => isLive(pod) && isCaptured(pod))
    if (captured.length === 0) return skip('no Pod is captured')
    // Where a Pod is ready, its probes came through, whatever a policy says: some CNIs let nodes in.
    const blocked = distinctPods(captured.filter((pod) => !isReady(pod))).filter((pod) =>
      probePorts(pod).some((port) => {
        const peer = { kind: 'address', address: PROBES } as const
        return !judgeTraffic(mesh, { pod, direction: 'Ingress', peer, port }).isAllowed
      }),
    )
    return found(
      [...Map.groupBy(blocked, namespaceOf)].map(([namespace, pods]): Finding<'FW0906'> => {
        const policies = [...new Set(pods.flatMap((pod) => policiesOf(mesh, pod, 'Ingress').map(keyOfLive)))]
        const message = `probes of ${someOf(pods.map(nameOf))} are kept out: NetworkPolicy ${someOf(policies)} does not allow ${PROBES}/32, and they are not ready`
        const [first = ''] = policies
        const next = `kubectl describe networkpolicy ${first.split('/')[1] ?? ''} -n ${namespace}`
        return { code: 'FW0906', object: { kind: 'Namespace', namespace: '', name: namespace }, message, next }
      }),
    )
  },
})

/** Ports that kubelet asks over the network; a command runs inside of the container. */
const probePorts = (pod: LiveObject): readonly number[] =>
  containersOf(valueAt(pod, 'spec')).flatMap((container) =>
    ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((probe) =>
      ['httpGet', 'tcpSocket', 'grpc'].flatMap((how) => {
        const port = valueAt(container, probe, how, 'port')
        if (typeof port === 'number') return port
        return typeof port === 'string' ? (containerPort(pod, port) ?? []) : []
      }),
    ),
  )
