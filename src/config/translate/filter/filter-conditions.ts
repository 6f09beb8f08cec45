import type { Condition } from '../../../model/condition.ts'
import type { FilterObject } from '../../objects/filter/filter-object.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf, formatFaults, type Verdict } from '../conditions.ts'
import type { FilterTarget, TargetFault } from './filter-targets.ts'
import type { FilterVersion } from './filter-version.ts'

/** What becomes of a Filter: whether it acts on what it names, and whether it is in force there as it is written. */
export const filterConditions = (
  entry: Entry<FilterObject>,
  found: readonly (FilterTarget | TargetFault)[],
  version: FilterVersion,
): readonly Condition[] =>
  [accepted(entry.object, found), programmed(entry.object, version)].map((verdict) =>
    conditionOf({ object: { ...entry.object, kind: entry.object.as }, source: entry.source }, verdict),
  )

const accepted = ({ targetRefs, defects }: FilterObject, found: readonly (FilterTarget | TargetFault)[]): Verdict => {
  const type = 'Accepted'
  const [defect] = defects
  if (defect !== undefined) {
    return { type, status: 'False', reason: 'Invalid', message: formatFaults(defects), path: defect.path ?? 'spec' }
  }
  const faults = found.flatMap((one) => ('reason' in one ? [one] : []))
  const [first] = faults
  if (first !== undefined) {
    const message = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ')
    return { type, status: 'False', reason: first.reason, message, path: first.path }
  }
  if (targetRefs.length === 0) {
    return { type, status: 'True', reason: 'Accepted', message: 'it acts where rules refer to it' }
  }
  const names = found.flatMap((one) =>
    'name' in one ? [one.kind === 'elsewhere' ? `${one.name} (not here)` : one.name] : [],
  )
  return { type, status: 'True', reason: 'Accepted', message: `it acts on ${names.join(', ')}` }
}

const programmed = (
  { as, content, failureMode, defects }: FilterObject,
  { inForce, refused }: FilterVersion,
): Verdict => {
  const type = 'Programmed'
  if (content?.kind === 'built-in') return { type, status: 'True', reason: 'Programmed', message: 'it is in force' }
  if (refused === undefined && inForce !== undefined) {
    const message = `version ${inForce.user.version} of ${inForce.module.entry} is in force`
    return { type, status: 'True', reason: 'Programmed', message }
  }
  const { message: why, path } = refused ?? beforeTrial(as, defects)
  const instead =
    inForce === undefined
      ? failureMode === 'open'
        ? 'requests pass without it'
        : 'what it is for is closed'
      : `version ${inForce.user.version} of ${inForce.module.entry} goes on`
  return {
    type,
    status: 'False',
    reason: content === undefined ? 'Invalid' : 'Refused',
    message: `${why}; ${instead}`,
    path,
  }
}

const beforeTrial = (
  as: string,
  defects: FilterObject['defects'],
): { readonly message: string; readonly path: string } =>
  as === 'Filter'
    ? { message: 'it is being tried', path: 'spec.module' }
    : { message: formatFaults(defects), path: defects[0]?.path ?? 'spec' }
