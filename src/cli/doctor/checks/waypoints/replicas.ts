import { listAt, textAt, valueAt, type LiveObject } from '../../../../controller/manifest.ts'
import { nameOf, numberAt, refOf } from '../../look/live.ts'
import type { Waypoint } from '../../mesh/facts.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0505' | 'FW0506' | 'FW0507'

export const replicasCheck = defineCheck({
  name: 'replicas',
  section: 'waypoints',
  title: 'all replicas of waypoints are ready, and there are two at least',
  needs: ['Deployment', 'Pod'],
  codes: {
    FW0505: {
      level: 'warning',
      title: 'Replicas of a waypoint are not ready',
      cause: 'Fewer replicas are ready than there should be; those that are carry all the load.',
      cure: 'Look at the Pods that are not ready, and at what their nodes have left.',
    },
    FW0506: {
      level: 'error',
      title: 'A replica of a waypoint cannot start',
      cause: 'A container of the waypoint crashes again and again, or its image or a volume cannot be had.',
      cure: 'Read the message, and the log of the container before it ended.',
    },
    FW0507: {
      level: 'warning',
      title: 'A waypoint has a single replica',
      cause:
        'Only one replica is wanted. When its node is drained or it is replaced, every connection of the Services behind it breaks.',
      cure: 'Let the autoscaler keep two (its default), or set at least two in the parameters.',
    },
  },
  run: (mesh) => {
    const { waypoints } = mesh.facts
    if (waypoints.length === 0) return skip('no waypoint')
    const counts: string[] = []
    const findings = waypoints.flatMap((waypoint): readonly Finding<Code>[] => {
      const { plan } = waypoint
      const deployment = mesh.get('Deployment', plan.namespace, plan.objectName)
      if (deployment === undefined) return []
      counts.push(`${waypoint.key} ${numberAt(deployment, ['status', 'readyReplicas'], 0)}`)
      return [...judgeCounts(mesh, waypoint, deployment), ...waypoint.pods.flatMap(judgePod)]
    })
    return found(findings, counts.join(', ') || undefined)
  },
})

const judgeCounts = (mesh: Mesh, { plan }: Waypoint, deployment: LiveObject): readonly Finding<Code>[] => {
  const object = refOf(deployment)
  const next = `kubectl get pods -n ${plan.namespace} -l gateway.networking.k8s.io/gateway-name=${plan.name}`
  const wanted = numberAt(deployment, ['spec', 'replicas'], 1)
  const ready = numberAt(deployment, ['status', 'readyReplicas'], 0)
  if (ready < wanted) {
    return [{ code: 'FW0505', object, message: `${ready} of ${wanted} replicas are ready`, next }]
  }
  const autoscaler = mesh.get('HorizontalPodAutoscaler', plan.namespace, plan.objectName)
  const least = autoscaler === undefined ? wanted : Math.max(wanted, numberAt(autoscaler, ['spec', 'minReplicas'], 1))
  if (least > 1) return []
  return [
    {
      code: 'FW0507',
      object,
      message: 'one replica is wanted',
      next: `kubectl get hpa ${plan.objectName} -n ${plan.namespace}`,
    },
  ]
}

/** What Kubernetes calls it when a container does not get to run. */
const hopeless: ReadonlySet<string> = new Set([
  ...['CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull', 'InvalidImageName', 'CreateContainerConfigError'],
  ...['CreateContainerError', 'RunContainerError'],
])

const judgePod = (pod: LiveObject): readonly Finding<Code>[] => {
  const statuses = [...listAt(pod, 'status', 'initContainerStatuses'), ...listAt(pod, 'status', 'containerStatuses')]
  return statuses.flatMap((status): readonly Finding<Code>[] => {
    const waiting = valueAt(status, 'state', 'waiting')
    const reason = textAt(waiting, 'reason')
    if (!hopeless.has(reason)) return []
    const object = refOf(pod)
    const ended = textAt(status, 'lastState', 'terminated', 'message') || textAt(waiting, 'message')
    const message = `container ${textAt(status, 'name')}: ${reason}${ended === '' ? '' : `: ${ended.trim().split('\n').at(-1) ?? ''}`}`
    return [
      {
        code: 'FW0506',
        object,
        message,
        next: `kubectl logs ${nameOf(pod)} -n ${object.namespace} --previous --tail=20`,
      },
    ]
  })
}
