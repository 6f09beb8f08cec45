import type { Issue } from '../lib/decoded.ts'
import { formatFault, formatIssue } from '../lib/format-issue.ts'
import type { LogFields } from '../lib/log.ts'
import type { Condition } from '../model/condition.ts'
import type { ConfigUpdate } from './update.ts'

/** A line for the log. */
export interface News {
  readonly level: 'error' | 'warn'
  readonly message: string
  readonly fields: LogFields
}

/**
 * What an update has to say that the one before had not: files that cannot be read, each time; faults of objects, with
 * their place; conditions that are not True, without the faults that were told already.
 */
export const newsOf = (update: ConfigUpdate, before: ConfigUpdate | undefined): readonly News[] => {
  const known = new Set(before?.objectIssues.map(formatIssue))
  const told = new Set(before?.conditions.map((condition) => JSON.stringify(condition)))
  const faults = groupFaults(update.objectIssues)
  return [
    ...update.issues.map((issue) => ({ level: 'error' as const, message: formatIssue(issue), fields: fileIssue })),
    ...update.objectIssues
      .map(formatIssue)
      .filter((line) => !known.has(line))
      .map((message) => ({ level: 'warn' as const, message, fields: objectIssue })),
    ...update.conditions
      .filter((condition) => condition.status !== 'True' && !told.has(JSON.stringify(condition)))
      .flatMap((condition) => tellCondition(condition, faults)),
  ]
}

const fileIssue = { event: 'config-issue' }
const objectIssue = { event: 'object-issue' }

type Faults = ReadonlyMap<string, readonly string[]>

/** The faults of each object as its conditions write them. */
const groupFaults = (issues: readonly Issue[]): Faults => {
  const faults = new Map<string, string[]>()
  for (const issue of issues) {
    const texts = faults.get(issue.object ?? '') ?? []
    texts.push(`${issue.path === undefined ? '' : `${issue.path}: `}${formatFault(issue)}`)
    faults.set(issue.object ?? '', texts)
  }
  return faults
}

/** What remains of a condition when the faults that follow its own words are left out; often nothing. */
const tellCondition = ({ message, ...condition }: Condition, faults: Faults): readonly News[] => {
  const { kind, namespace, name } = condition.object
  const object = namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
  const starts = (faults.get(object) ?? []).map((fault) => message.indexOf(fault)).filter((start) => start >= 0)
  const own = message.slice(0, Math.min(message.length, ...starts)).replace(/[:;]? *$/, '')
  return own === '' ? [] : [{ level: 'warn', message: `${object}: ${own}`, fields: { condition } }]
}
