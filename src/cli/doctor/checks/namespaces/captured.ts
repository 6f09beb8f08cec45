import type { LiveObject } from '../../../../controller/manifest.ts'
import { labelsOf, nameOf, namespaceOf } from '../../look/live.ts'
import { isAmbient, modeOf } from '../../look/namespaces.ts'
import { hasSidecar, isCaptured, isGatewayPod, isLive, isOnHostNetwork, isReady } from '../../look/pods.ts'
import { someOf } from '../../look/some-of.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

export const capturedCheck = defineCheck({
  name: 'captured',
  section: 'namespaces',
  title: 'Pods in ambient mode are captured',
  needs: ['Namespace', 'Pod'],
  codes: {
    FW0403: {
      level: 'error',
      title: 'Pods in ambient mode are not captured',
      cause:
        'Pods that should be in the mesh lack the annotation ambient.istio.io/redirection=enabled, which Istio’s CNI sets when it has captured them. What they send goes past waypoints, and what they receive is plaintext.',
      cure: 'See whether Istio’s CNI is ready on their nodes; Pods that it missed are captured when they are restarted.',
    },
    FW0404: {
      level: 'warning',
      title: 'Pods behind a waypoint are left out of the mesh',
      cause:
        'Pods of a Service with a waypoint have the label istio.io/dataplane-mode=none, or opt out of what comes in. The waypoint sends to them in plaintext, and anybody else may as well.',
      cure: 'Take the label or the annotation away, and restart the Pods, unless they cannot be in the mesh.',
    },
  },
  run: (mesh) => {
    const meant = mesh.all('Pod').filter((pod) => {
      if (!isLive(pod) || isGatewayPod(pod) || isOnHostNetwork(pod) || hasSidecar(pod)) return false
      const mode = modeOf(pod)
      return mode === 'ambient' || (mode !== 'none' && isAmbient(mesh.get('Namespace', '', namespaceOf(pod))))
    })
    // One that has only just been made is captured before it becomes ready.
    const missed = meant.filter((pod) => !isCaptured(pod) && isReady(pod))
    const behind = new Set(mesh.facts.services.flatMap(({ pods }) => pods))
    const left = [...behind].filter((pod) => modeOf(pod) === 'none' && !isOnHostNetwork(pod))
    if (meant.length === 0 && behind.size === 0) return skip('no Pod is in the mesh')
    return found(
      [
        ...byNamespace(missed).map(([namespace, pods]): Finding<'FW0403'> => ({
          code: 'FW0403',
          object: { kind: 'Namespace', namespace: '', name: namespace },
          message: `not captured: ${someOf(pods.map(nameOf))}`,
          next: `kubectl rollout restart ${ownerOf(pods[0])} -n ${namespace}`,
        })),
        ...byNamespace(left).map(([namespace, pods]): Finding<'FW0404'> => ({
          code: 'FW0404',
          object: { kind: 'Namespace', namespace: '', name: namespace },
          message: `behind a waypoint, with istio.io/dataplane-mode=none: ${someOf(pods.map(nameOf))}`,
          next: `kubectl get pods -n ${namespace} -l istio.io/dataplane-mode=none`,
        })),
      ],
      `${meant.length} ${meant.length === 1 ? 'Pod' : 'Pods'}`,
    )
  },
})

const byNamespace = (pods: readonly LiveObject[]): readonly (readonly [string, readonly LiveObject[]])[] => [
  ...Map.groupBy(pods, namespaceOf),
]

/** A Deployment is what most Pods are of; its name is the Pod's without the two hashes. */
const ownerOf = (pod: LiveObject | undefined): string =>
  labelsOf(pod)['pod-template-hash'] === undefined
    ? 'statefulset'
    : `deployment/${nameOf(pod).replace(/-[^-]+-[^-]+$/, '')}`
