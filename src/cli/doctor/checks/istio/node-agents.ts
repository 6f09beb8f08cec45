import { nameOf, numberAt, refOf } from '../../look/live.ts'
import { cniAgentsOf, ztunnelsOf } from '../../look/node-agents.ts'
import type { LiveObject } from '../../../../controller/manifest.ts'
import { defineCheck, found, type Finding } from '../../check.ts'

type Code = 'FW0313' | 'FW0314' | 'FW0315'

export const nodeAgentsCheck = defineCheck({
  name: 'node-agents',
  section: 'istio',
  title: 'ztunnel and Istio’s CNI are ready on every node',
  needs: ['DaemonSet'],
  codes: {
    FW0313: {
      level: 'error',
      title: 'There is no ztunnel',
      cause:
        'No DaemonSet has Pods with the label app=ztunnel. Without it no connection is carried in the mesh, and none to a waypoint.',
      cure: 'Install Istio with the ambient profile.',
    },
    FW0314: {
      level: 'error',
      title: 'There is no Istio CNI',
      cause:
        'No DaemonSet has Pods with the label k8s-app=istio-cni-node. Without it no Pod is captured: what Pods send goes past ztunnel, and past every waypoint.',
      cure: 'Install Istio with the ambient profile.',
    },
    FW0315: {
      level: 'warning',
      title: 'ztunnel or Istio’s CNI is not ready on every node',
      cause:
        'A DaemonSet has fewer Pods that are ready than nodes that it is for. Where ztunnel is missing, Pods in the mesh have no connections; where the CNI is, new Pods do not start, or are not captured.',
      cure: 'Look at the Pods of the DaemonSet that are not ready.',
    },
  },
  run: (mesh) => {
    const ztunnels = ztunnelsOf(mesh)
    const agents = cniAgentsOf(mesh)
    const missing: Finding<Code>[] = []
    const next = 'istioctl install --set profile=ambient'
    if (ztunnels.length === 0) {
      missing.push({ code: 'FW0313', message: 'no DaemonSet has Pods with the label app=ztunnel', next })
    }
    if (agents.length === 0) {
      missing.push({ code: 'FW0314', message: 'no DaemonSet has Pods with the label k8s-app=istio-cni-node', next })
    }
    const all = [...ztunnels, ...agents]
    const behind = all.flatMap((one): readonly Finding<Code>[] => {
      const [wanted, ready] = countsOf(one)
      if (ready >= wanted && wanted > 0) return []
      const { namespace, name } = refOf(one)
      const message = wanted === 0 ? 'it is for no node' : `ready on ${ready} of ${wanted} nodes`
      return [
        {
          code: 'FW0315',
          object: refOf(one),
          message,
          next: `kubectl get pods -n ${namespace} -o wide | grep ${name}`,
        },
      ]
    })
    return found([...missing, ...behind], all.map((one) => `${nameOf(one)} ${countsOf(one)[1]}`).join(', '))
  },
})

const countsOf = (daemonSet: LiveObject): readonly [wanted: number, ready: number] => [
  numberAt(daemonSet, ['status', 'desiredNumberScheduled'], 0),
  numberAt(daemonSet, ['status', 'numberReady'], 0),
]
