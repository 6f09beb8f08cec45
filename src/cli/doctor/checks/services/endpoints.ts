import { isOnHostNetwork, isReady } from '../../look/pods.ts'
import { labelsOf, nameOf, refOf } from '../../look/live.ts'
import { someOf } from '../../look/some-of.ts'
import type { BoundService, Waypoint } from '../../mesh/facts.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0606' | 'FW0607' | 'FW0608'

export const endpointsCheck = defineCheck({
  name: 'endpoints',
  section: 'services',
  title: 'Services with a waypoint have an address, and Pods that can be reached in the mesh',
  needs: ['Service', 'Pod', 'Gateway'],
  codes: {
    FW0606: {
      level: 'warning',
      title: 'A headless Service has a waypoint',
      cause:
        'A Service without an address (clusterIP: None) asks for a waypoint itself, or has policies. It is never dialled: clients dial its Pods, and ztunnel sends what is for a Pod through a waypoint for workloads only. Routes and policies of the Service are not in force.',
      cure: 'Give the Service an address, or let the waypoint take workloads as well (istio.io/waypoint-for: all) and the Pods use it.',
    },
    FW0607: {
      level: 'warning',
      title: 'Pods behind a waypoint are on their node’s network',
      cause:
        'Pods with hostNetwork are never captured: the waypoint reaches them in plaintext, and so does anybody who can reach the node.',
      cure: 'Run them without hostNetwork, or do not rely on the waypoint’s policies for them.',
    },
    FW0608: {
      level: 'info',
      title: 'A Service with a waypoint has no ready Pod',
      cause: 'The selector of the Service chooses no Pod, or none that is ready: requests are answered with 503.',
      cure: 'Compare the selector with the labels of the Pods, and see why they are not ready.',
    },
  },
  run: (mesh) => {
    const { services, waypoints } = mesh.facts
    if (services.length === 0) return skip('no Service with a waypoint')
    const findings = services.flatMap((service): readonly Finding<Code>[] => {
      const { live, object, pods } = service
      const ref = refOf(live)
      const all: Finding<Code>[] = []
      const say = (code: Code, message: string, next: string): void =>
        void all.push({ code, object: ref, message, next })
      const describe = `kubectl describe service ${ref.name} -n ${ref.namespace}`
      if (object.clusterIPs[0] === 'None' && isMeant(waypoints, service))
        say('FW0606', 'is headless: clients dial its Pods, past the waypoint', describe)
      const onHost = pods.filter(isOnHostNetwork)
      if (onHost.length > 0) {
        const names = someOf(onHost.map(nameOf))
        say('FW0607', `on the network of their nodes: ${names}`, `kubectl get pods -n ${ref.namespace} -o wide`)
      }
      if (Object.keys(object.selector).length > 0 && !pods.some(isReady)) {
        const why = pods.length === 0 ? 'its selector chooses no Pod' : `none of its ${pods.length} Pods is ready`
        say('FW0608', why, `kubectl get pods -n ${ref.namespace} -l ${formatSelector(object.selector)}`)
      }
      return all
    })
    return found(findings)
  },
})

/** Most headless Services only name the Pods of another one, and come along with their namespace. */
const isMeant = (waypoints: readonly Waypoint[], { live, key, waypoint }: BoundService): boolean => {
  if (labelsOf(live)['istio.io/use-waypoint'] !== undefined) return true
  const model = waypoints.find((one) => one.key === waypoint)?.translation.model
  const service = model?.services.find((one) => one.key === key)
  return (service?.authorizations ?? []).length > 0 || (service?.authentications ?? []).length > 0
}

const formatSelector = (selector: Readonly<Record<string, string>>): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
