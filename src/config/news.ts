import { formatIssue } from '../lib/format-issue.ts'
import type { LogFields } from '../lib/log.ts'
import { conditionsAt, isFault, type Condition } from '../model/condition.ts'
import { formatObject } from './format-object.ts'
import { createOwnWords } from './own-words.ts'
import type { ConfigUpdate } from './update.ts'

/** A line for the log. */
export interface News {
  readonly level: 'error' | 'warn' | 'info'
  readonly message: string
  readonly fields: LogFields
}

/**
 * What an update has to say that the one before had not: files that cannot be read, each time; faults of objects, with
 * their place; conditions that are bad news, without the faults that were told already. And that there is no Gateway.
 */
export const newsOf = (update: ConfigUpdate, before: ConfigUpdate | undefined, nowMs: number): readonly News[] => {
  // With thousands of routes nearly everything is well, or the very objects of before; and this runs where requests do.
  const hasNewFaults = update.objectIssues !== before?.objectIssues
  const known = new Set(hasNewFaults ? before?.objectIssues.map(formatIssue) : [])
  const hasNewConditions = update.conditions !== before?.conditions
  const told = new Set(
    hasNewConditions ? faultsAt(before?.conditions ?? [], nowMs).map((condition) => JSON.stringify(condition)) : [],
  )
  const ownWords = createOwnWords(update.objectIssues)
  return [
    ...tellNoGateway(update, before),
    ...(update.notes === before?.notes ? [] : update.notes)
      .filter((note) => before?.notes.includes(note) !== true)
      .map((note) => ({ level: 'info' as const, message: note, fields: meshNote })),
    ...update.issues.map((issue) => ({ level: 'error' as const, message: formatIssue(issue), fields: fileIssue })),
    ...(hasNewFaults ? update.objectIssues : [])
      .map(formatIssue)
      .filter((line) => !known.has(line))
      .map((message) => ({ level: 'warn' as const, message, fields: objectIssue })),
    ...(hasNewConditions ? faultsAt(update.conditions, nowMs) : [])
      .filter((condition) => !told.has(JSON.stringify(condition)))
      .flatMap((condition) => tellCondition(condition, ownWords(condition))),
  ]
}

/** A folder that is the wrong one, or a mount that is empty, is read without a fault; all that it comes to is 404. */
const tellNoGateway = ({ model }: ConfigUpdate, before: ConfigUpdate | undefined): readonly News[] => {
  if (model.gateway !== undefined || (before !== undefined && before.model.gateway === undefined)) return []
  const message =
    'there is no Gateway of this waypoint among the objects: nothing is bound to it, and all is refused (404)'
  return [{ level: 'warn', message, fields: { event: 'no-gateway' } }]
}

const faultsAt = (conditions: readonly Condition[], nowMs: number): readonly Condition[] =>
  conditionsAt(conditions, nowMs).filter(isFault)

const meshNote = { event: 'mesh-config' }
const fileIssue = { event: 'config-issue' }
const objectIssue = { event: 'object-issue' }

/** What remains of a condition when the faults that were told are left out; often nothing. */
const tellCondition = ({ message: _message, ...condition }: Condition, own: string): readonly News[] =>
  own === '' ? [] : [{ level: 'warn', message: `${formatObject(condition.object)}: ${own}`, fields: { condition } }]
