import { formatKubeFailure, type KubeFailure } from '../../../kube/failure.ts'

/** What keeps us from knowing more, a line each: what fails in the same way for many reasons of the same kind is one. */
export const formatTroubles = (failures: readonly KubeFailure[]): readonly string[] => {
  const groups = Map.groupBy(failures, ({ status, reason, message }) => `${status ?? ''} ${reason} ${message}`)
  return [...groups.values()]
    .map(([first, ...others]) => {
      const more = others.length === 0 ? '' : `, and ${others.length} more in the same way`
      return first === undefined ? '' : `${formatKubeFailure({ ...first, asked: withoutQuery(first.asked) })}${more}`
    })
    .toSorted()
}

/** Versions and tokens of pages change with each question, and say nothing to anybody. */
const withoutQuery = (asked: string): string =>
  asked.replace(/\?(?:.*&)?(fieldSelector=[^&]*)?.*$/, '?$1').replace(/\?$/, '')
