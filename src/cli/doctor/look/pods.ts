import { textAt, textsAt, type LiveObject } from '../../../controller/manifest.ts'
import { annotationsOf, conditionAt, labelsOf, namespaceOf } from '../look/live.ts'

/** Whether a Pod has not ended, and is not on its way to. */
export const isLive = (pod: LiveObject): boolean => {
  const phase = textAt(pod, 'status', 'phase')
  return phase !== 'Succeeded' && phase !== 'Failed' && textAt(pod, 'metadata', 'deletionTimestamp') === ''
}

export const isReady = (pod: LiveObject): boolean => textAt(conditionAt(pod, 'Ready'), 'status') === 'True'

export const isOnHostNetwork = (pod: LiveObject): boolean => {
  const { spec } = pod
  return typeof spec === 'object' && spec !== null && 'hostNetwork' in spec && spec.hostNetwork === true
}

/** Whether ztunnel carries what comes to the Pod and goes from it. */
export const isCaptured = (pod: LiveObject): boolean => annotationsOf(pod)['ambient.istio.io/redirection'] === 'enabled'

/** Whether Istio has put a sidecar into the Pod; gateways get their proxy in the same way. */
export const hasSidecar = (pod: LiveObject): boolean => {
  const { 'sidecar.istio.io/status': status, 'inject.istio.io/templates': templates = '' } = annotationsOf(pod)
  return status !== undefined && !templates.split(',').includes('gateway') && !isGatewayPod(pod)
}

/** A waypoint's or gateway's own Pod, which is in no mesh but makes one. */
export const isGatewayPod = (pod: LiveObject): boolean =>
  labelsOf(pod)['gateway.networking.k8s.io/gateway-name'] !== undefined

/** Pods by what Services select them by: `NAMESPACE KEY=VALUE`. */
export type PodIndex = ReadonlyMap<string, readonly LiveObject[]>

/** Sorts Pods by each of their labels. */
export const indexPods = (pods: readonly LiveObject[]): PodIndex => {
  const index = new Map<string, LiveObject[]>()
  for (const pod of pods) {
    for (const [key, value] of Object.entries(labelsOf(pod))) {
      const name = `${namespaceOf(pod)} ${key}=${value}`
      const found = index.get(name)
      if (found === undefined) index.set(name, [pod])
      else found.push(pod)
    }
  }
  return index
}

/** The Pods that a Service selects; without a selector none. */
export const podsOf = (service: LiveObject, index: PodIndex): readonly LiveObject[] => {
  const selector = Object.entries(textsAt(service, 'spec', 'selector'))
  const groups = selector.map(([key, value]) => index.get(`${namespaceOf(service)} ${key}=${value}`) ?? [])
  const [smallest] = groups.toSorted((a, b) => a.length - b.length)
  return (smallest ?? []).filter((pod) => {
    const labels = labelsOf(pod)
    return selector.every(([key, value]) => labels[key] === value)
  })
}

/** The account that a Pod runs as. */
export const accountOf = (pod: LiveObject): string => textAt(pod, 'spec', 'serviceAccountName') || 'default'
