import type { LiveObject } from '../../../../controller/manifest.ts'
import { labelsOf, namespaceOf } from '../live.ts'

/** Labels that differ from one replica, or one roll-out, to the next. */
const passing: ReadonlySet<string> = new Set([
  ...['pod-template-hash', 'controller-revision-hash', 'pod-template-generation', 'statefulset.kubernetes.io/pod-name'],
  ...['apps.kubernetes.io/pod-index', 'batch.kubernetes.io/job-completion-index', 'job-name', 'controller-uid'],
  ...['batch.kubernetes.io/job-name', 'batch.kubernetes.io/controller-uid'],
])

/** No more are told apart: whoever has so many sorts of Pods learns enough of the first. */
const MOST = 500

/** One of each sort of Pods, which selectors cannot tell apart from the others. */
export const distinctPods = (pods: readonly LiveObject[]): readonly LiveObject[] => {
  const sorts = new Map<string, LiveObject>()
  for (const pod of pods) {
    if (sorts.size === MOST) break
    const labels = Object.entries(labelsOf(pod)).filter(([key]) => !passing.has(key))
    const sort = JSON.stringify([namespaceOf(pod), labels.toSorted(([a], [b]) => (a < b ? -1 : 1))])
    if (!sorts.has(sort)) sorts.set(sort, pod)
  }
  return [...sorts.values()]
}
