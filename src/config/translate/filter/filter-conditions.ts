import type { Condition } from '../../../model/condition.ts'
import { isUserKind, type FilterObject } from '../../objects/filter/filter-object.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf, formatFaults, type Verdict } from '../conditions.ts'
import { acceptedVerdict, describeFaults } from '../policy/target-conditions.ts'
import type { FilterTarget, TargetFault } from './filter-targets.ts'
import type { FilterVersion } from './filter-version.ts'

/** What becomes of a Filter: whether it acts on what it names, and whether it is in force there as it is written. */
export const filterConditions = (
  entry: Entry<FilterObject>,
  found: readonly (FilterTarget | TargetFault)[],
  version: FilterVersion,
): readonly Condition[] => {
  const targets = sortTargets(found)
  return [accepted(entry.object, targets), programmed(entry.object, targets, version)].map((verdict) =>
    conditionOf({ object: { ...entry.object, kind: entry.object.as }, source: entry.source }, verdict),
  )
}

/** What the references of a Filter lead to. */
interface Targets {
  readonly names: string
  readonly faults: readonly TargetFault[]
}

const sortTargets = (found: readonly (FilterTarget | TargetFault)[]): Targets => {
  const names = found.flatMap((one) =>
    'name' in one ? [one.kind === 'elsewhere' ? `${one.name} (not here)` : one.name] : [],
  )
  return { names: names.join(', '), faults: found.flatMap((one) => ('reason' in one ? [one] : [])) }
}

const accepted = ({ targetRefs, defects }: FilterObject, { names, faults }: Targets): Verdict =>
  acceptedVerdict(defects, faults, targetRefs.length === 0 ? 'it acts where rules refer to it' : `it acts on ${names}`)

const programmed = (object: FilterObject, { names, faults }: Targets, version: FilterVersion): Verdict => {
  const type = 'Programmed'
  const message = messageInForce(object, version)
  if (message === undefined) return { type, status: 'False', ...refusal(object, version) }
  const [fault] = faults
  if (fault === undefined) return { type, status: 'True', reason: 'Programmed', message, ...endOf(object) }
  const { reason, path } = fault
  const rest = names === '' ? 'it acts only where rules refer to it' : `it acts on ${names}`
  const what = object.targetRefs.length === 0 ? '' : `; ${rest}`
  return { type, status: 'False', reason, message: `${describeFaults(faults)}${what}`, path }
}

const endOf = ({ content }: FilterObject): Pick<Verdict, 'endsAtMs' | 'path'> =>
  content?.kind === 'built-in' && content.endsAtMs !== undefined
    ? { endsAtMs: content.endsAtMs, path: 'spec.until' }
    : {}

/** Of one that is in force as it is written. */
const messageInForce = ({ content }: FilterObject, { inForce, refused }: FilterVersion): string | undefined => {
  if (content?.kind === 'built-in') {
    const { endsAtMs } = content
    return endsAtMs === undefined ? 'it is in force' : `it is in force until ${new Date(endsAtMs).toISOString()}`
  }
  if (refused !== undefined || inForce === undefined) return undefined
  return `version ${inForce.user.version} of ${inForce.module.entry} is in force`
}

const refusal = (
  { as, content, failureMode, defects }: FilterObject,
  { inForce, refused }: FilterVersion,
): Pick<Verdict, 'reason' | 'message' | 'path'> => {
  const { message: why, path } = refused ?? beforeTrial(as, defects)
  const instead =
    inForce === undefined
      ? failureMode === 'open'
        ? 'requests pass without it'
        : 'what it is for is closed'
      : `version ${inForce.user.version} of ${inForce.module.entry} goes on`
  return { reason: content === undefined ? 'Invalid' : 'Refused', message: `${why}; ${instead}`, path }
}

const beforeTrial = (
  as: string,
  defects: FilterObject['defects'],
): { readonly message: string; readonly path: string } =>
  isUserKind(as)
    ? { message: 'it is being tried', path: 'spec.module' }
    : { message: formatFaults(defects), path: defects[0]?.path ?? 'spec' }
