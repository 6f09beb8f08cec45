import type { Issue } from '../lib/decoded.ts'
import { formatFault } from '../lib/format-issue.ts'
import type { Condition } from '../model/condition.ts'
import { formatObject } from './format-object.ts'

/**
 * Tells what a condition says beside the faults of its object, which follow its own words and stand in `issues`
 * already; often that is nothing, and empty.
 */
export const createOwnWords = (issues: readonly Issue[]): ((condition: Condition) => string) => {
  const faults = groupFaults(issues)
  return ({ object, message }) => {
    const told = faults.get(formatObject(object)) ?? []
    const starts = told.map((fault) => message.indexOf(fault)).filter((start) => start >= 0)
    return message.slice(0, Math.min(message.length, ...starts)).replace(/[:;]? *$/, '')
  }
}

/** The faults of each object as its conditions write them. */
const groupFaults = (issues: readonly Issue[]): ReadonlyMap<string, readonly string[]> => {
  const faults = new Map<string, string[]>()
  for (const issue of issues) {
    const texts = faults.get(issue.object ?? '') ?? []
    texts.push(`${issue.path === undefined ? '' : `${issue.path}: `}${formatFault(issue)}`)
    faults.set(issue.object ?? '', texts)
  }
  return faults
}
