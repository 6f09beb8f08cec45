import { nameOf, namespaceOf, refOf } from '../../look/live.ts'
import { hasSidecar, isLive } from '../../look/pods.ts'
import { someOf } from '../../look/some-of.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0701' | 'FW0702'

export const sidecarsCheck = defineCheck({
  name: 'sidecars',
  section: 'bypass',
  title: 'no sidecars go past waypoints',
  needs: ['Namespace', 'Pod', 'Gateway'],
  codes: {
    FW0701: {
      level: 'warning',
      title: 'Clients with sidecars go past waypoints',
      cause:
        'Pods of a namespace have sidecars. A client with a sidecar dials Pods itself and never a waypoint: routes and policies there do not hold for it.',
      cure: 'Move the namespace to ambient mode, or admit only the waypoint to the Pods (fairway waypoint apply --enforce).',
    },
    FW0702: {
      level: 'warning',
      title: 'Pods behind a waypoint have sidecars',
      cause:
        'A Pod of a Service with a waypoint has a sidecar. It is not captured by ztunnel; the sidecar judges what the waypoint sends by policies of its own, and by the waypoint’s identity instead of the client’s.',
      cure: 'Take injection away for these Pods and restart them in ambient mode.',
    },
  },
  run: (mesh) => {
    const { services } = mesh.facts
    if (services.length === 0) return skip('no Service with a waypoint')
    const withSidecars = new Set(mesh.all('Pod').filter(isLive).filter(hasSidecar).map(namespaceOf))
    const injected = mesh.all('Namespace').filter((one) => withSidecars.has(nameOf(one)))
    const callers = injected.map((one): Finding<Code> => ({
      code: 'FW0701',
      object: refOf(one),
      message: 'its Pods have sidecars; what they send goes past every waypoint',
      next: `kubectl get pods -n ${nameOf(one)} -o jsonpath='{.items[*].metadata.name}'`,
    }))
    const behind = services.flatMap(({ live, pods }): readonly Finding<Code>[] => {
      const withSidecar = pods.filter(hasSidecar)
      if (withSidecar.length === 0) return []
      const { namespace } = refOf(live)
      const message = `has Pods with sidecars: ${someOf(withSidecar.map(nameOf))}`
      return [{ code: 'FW0702', object: refOf(live), message, next: `kubectl get pods -n ${namespace} -o wide` }]
    })
    return found([...callers, ...behind])
  },
})
