import type { Condition } from '../../../model/condition.ts'
import { conditionOf, type Verdict } from '../conditions.ts'
import { describePlace, type PlacedTelemetry, type TelemetryPlaces } from './place-telemetries.ts'
import type { Note, UsableSections } from './usable-sections.ts'

/** What became of an object. */
interface Outcome {
  readonly places: TelemetryPlaces
  readonly usable: UsableSections
}

/** How many faults are told before they are only counted. */
const SHOWN = 5

/** Tells where a Telemetry object is in force, or why it is not, and what of it has no effect. */
export const telemetryConditions = (
  { entry, places: taken, faults }: PlacedTelemetry,
  { places, usable }: Outcome,
): readonly Condition[] => {
  const tell = (verdict: Verdict): Condition => conditionOf(entry, verdict)
  const refuse = (reason: string, message: string, path = 'spec'): readonly Condition[] => [
    tell({ type: 'Accepted', status: 'False', reason, message, path }),
  ]
  if (taken.length === 0) return refuse('TargetNotFound', describe(faults), faults[0]?.path)
  const { tracing, accessLogging, metrics } = entry.object
  if (tracing.length + accessLogging.length + metrics.length === 0) {
    return refuse('UnsupportedValue', 'it says nothing: there is no tracing, no accessLogging and no metrics in it')
  }
  const conflicts = places.conflictsOf(entry)
  const says = usable.tracing.length + usable.accessLogging.length + usable.metrics.length
  // All of it is for others, with whom it stands in one place.
  if (says === 0 && usable.notes.length === 0 && usable.isAlsoForOthers) return []
  if (says === 0) {
    const why = usable.notes.length === 0 ? 'its sections say nothing' : `without effect: ${describe(usable.notes)}`
    return refuse('UnsupportedValue', why, usable.notes[0]?.path)
  }
  if (!places.counts(entry)) return refuse('Conflicted', `not in force: ${conflicts.join('; ')}`)
  const where = taken.map(describePlace).join(', ')
  const accepted = tell({ type: 'Accepted', status: 'True', reason: 'Accepted', message: `in force on ${where}` })
  const partly = [...faults, ...usable.notes]
  return [
    accepted,
    ...(conflicts.length === 0
      ? []
      : [
          tell({
            type: 'Conflicted',
            status: 'True',
            reason: 'Conflicted',
            message: conflicts.join('; '),
            path: 'spec',
          }),
        ]),
    ...(partly.length === 0 ? [] : [tell(partlyInvalid(partly, faults.length > 0))]),
  ]
}

const partlyInvalid = (notes: readonly Note[], isLost: boolean): Verdict => ({
  type: 'PartiallyInvalid',
  status: 'True',
  reason: isLost ? 'TargetNotFound' : 'UnsupportedValue',
  message: `without effect: ${describe(notes)}`,
  path: notes[0]?.path ?? 'spec',
})

const describe = (notes: readonly Note[]): string => {
  const more = notes.length - SHOWN
  const shown = notes.slice(0, SHOWN).map(({ path, message }) => `${path}: ${message}`)
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join('; ')
}
