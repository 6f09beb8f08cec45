import { labelsOf, nameOf, refOf } from '../../look/live.ts'
import { isAmbient, isInjected, servedNamespaces } from '../../look/namespaces.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0401' | 'FW0402'

export const enrolledCheck = defineCheck({
  name: 'ambient',
  section: 'namespaces',
  title: 'namespaces with waypoints are in ambient mode',
  needs: ['Namespace', 'Service', 'Gateway'],
  codes: {
    FW0401: {
      level: 'warning',
      title: 'A namespace has a waypoint and is not in ambient mode',
      cause:
        'Services of a namespace are bound to a waypoint, and the namespace has no label istio.io/dataplane-mode=ambient. Clients in it go past the waypoint, and its Pods take plaintext, so that nothing proves that requests came through the waypoint.',
      cure: 'Label the namespace, or those of its Pods that are to be in the mesh.',
    },
    FW0402: {
      level: 'warning',
      title: 'A namespace has sidecars and ambient mode at once',
      cause:
        'A namespace in ambient mode also has sidecars injected. A Pod with a sidecar is not captured by ztunnel, and what it sends goes past waypoints.',
      cure: 'Take the label for injection away, and restart the Pods that have sidecars.',
    },
  },
  run: (mesh) => {
    const served = servedNamespaces(mesh)
    const all = mesh.all('Namespace')
    const ambient = all.filter(isAmbient)
    const outside = all.filter((one) => served.has(nameOf(one)) && !isAmbient(one))
    const both = ambient.filter((one) => isInjected(one) || labelsOf(one)['istio-injection'] === 'enabled')
    if (served.size === 0 && ambient.length === 0) return skip('no namespace is in the mesh')
    return found<Code>(
      [
        ...outside.map((one): Finding<Code> => ({
          code: 'FW0401',
          object: refOf(one),
          message: 'has Services with a waypoint, and no label istio.io/dataplane-mode=ambient',
          next: `kubectl label namespace ${nameOf(one)} istio.io/dataplane-mode=ambient`,
        })),
        ...both.map((one): Finding<Code> => ({
          code: 'FW0402',
          object: refOf(one),
          message: 'is in ambient mode and has sidecars injected',
          next: `kubectl label namespace ${nameOf(one)} istio-injection- istio.io/rev-`,
        })),
      ],
      ambient.map(nameOf).join(', ') || undefined,
    )
  },
})
