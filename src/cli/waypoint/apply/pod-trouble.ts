/** Why the replicas of a waypoint do not come up, by what Kubernetes says of their Pods. */
import { listAt, textAt, valueAt } from '../../../controller/manifest.ts'
import type { KubeJson } from '../../../kube/client.ts'

/** What keeps the first of them from being ready, in one sentence; `undefined`: nothing that is known. */
export const podTroubleOf = (pods: readonly KubeJson[]): string | undefined => {
  const sorted = pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  for (const pod of sorted) {
    const trouble = containerTrouble(pod) ?? scheduleTrouble(pod)
    if (trouble !== undefined) return `Pod ${pod.metadata.name}: ${trouble}`
  }
  return undefined
}

/** What Kubernetes goes through on the way to a container that runs. */
const usual: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing'])

const containerTrouble = (pod: KubeJson): string | undefined => {
  const status = pod['status']
  for (const container of [...listAt(status, 'initContainerStatuses'), ...listAt(status, 'containerStatuses')]) {
    const reason = textAt(container, 'state', 'waiting', 'reason')
    if (reason !== '' && !usual.has(reason)) {
      return [reason, briefly(textAt(container, 'state', 'waiting', 'message')), lastEnd(container)]
        .filter((part) => part !== '')
        .join(': ')
    }
    if (reason === '' && valueAt(container, 'state', 'terminated') !== undefined) {
      return `its container ended${endOf(valueAt(container, 'state', 'terminated'))}`
    }
  }
  return undefined
}

/** Of a container that is started again and again, what it ended with. */
const lastEnd = (container: unknown): string => {
  const end = valueAt(container, 'lastState', 'terminated')
  return end === undefined ? '' : `it ended${endOf(end)}`
}

const endOf = (terminated: unknown): string => {
  const code = valueAt(terminated, 'exitCode')
  const told = [textAt(terminated, 'reason'), briefly(textAt(terminated, 'message'))].filter((part) => part !== '')
  return `${typeof code === 'number' ? ` with ${code}` : ''}${told.length === 0 ? '' : ` (${told.join(': ')})`}`
}

const scheduleTrouble = (pod: KubeJson): string | undefined => {
  const condition = listAt(pod['status'], 'conditions').find(
    (one) => textAt(one, 'type') === 'PodScheduled' && textAt(one, 'status') === 'False',
  )
  if (condition === undefined) return undefined
  return [textAt(condition, 'reason'), briefly(textAt(condition, 'message'))].filter((part) => part !== '').join(': ')
}

const MAX_TEXT = 200

const briefly = (text: string): string => {
  const line = text.trim().split('\n').at(-1) ?? ''
  return line.length <= MAX_TEXT ? line : `${line.slice(0, MAX_TEXT)}…`
}
