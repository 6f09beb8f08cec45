import { fitMessage, type KubeCondition } from '../../config/status/kube-status.ts'
import { listAt, textAt, valueAt } from '../manifest.ts'

/** A condition as it stands in an object. */
export interface WrittenCondition extends KubeCondition {
  /** RFC 3339. */
  readonly lastTransitionTime: string
}

/**
 * What a list of conditions should be: ours by type, with the time of their last change kept where the status is the same;
 * those of others stay as and where they are. Types in `owned` that there is nothing to say of any more go.
 */
export const mergeConditions = (
  live: readonly unknown[],
  wanted: readonly KubeCondition[],
  { owned, now }: { readonly owned: ReadonlySet<string>; readonly now: string },
): readonly unknown[] => {
  const byType = new Map(wanted.map((condition) => [condition.type, condition]))
  const kept = live.flatMap((before): readonly unknown[] => {
    const type = textAt(before, 'type')
    const condition = byType.get(type)
    if (condition === undefined) return owned.has(type) ? [] : [before]
    byType.delete(type)
    return [write(condition, before, now)]
  })
  return [...kept, ...[...byType.values()].map((condition) => write(condition, undefined, now))]
}

const write = (condition: KubeCondition, before: unknown, now: string): WrittenCondition => {
  const since = textAt(before, 'lastTransitionTime')
  const isSame = textAt(before, 'status') === condition.status && since !== ''
  return { ...condition, message: fitMessage(condition.message), lastTransitionTime: isSame ? since : now }
}

/** Whether what stands there was said of a later generation than what we would write: we are behind, and say nothing. */
export const isBehind = (live: readonly unknown[], wanted: readonly KubeCondition[]): boolean =>
  wanted.some(({ type, observedGeneration }) => {
    const before = live.find((one) => textAt(one, 'type') === type)
    const seen = valueAt(before, 'observedGeneration')
    return typeof seen === 'number' && observedGeneration !== undefined && seen > observedGeneration
  })

/** A time as Kubernetes writes it, in whole seconds. */
export const formatTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

/** `status.conditions` */
export const conditionsOf = (live: unknown): readonly unknown[] => listAt(live, 'status', 'conditions')
