/** `serviceEntryVisibility` of the MeshConfig: how far the ServiceEntries of a namespace are seen, whatever their `exportTo`. */
import * as s from '../../../lib/schema.ts'
import { labelSelector, type LabelSelector } from '../kind.ts'

export type EntryVisibility = 'PUBLIC' | 'NAMESPACE' | 'NONE'

/** The first policy whose rules all hold decides, else the default. */
export interface EntryVisibilities {
  readonly fallback: EntryVisibility
  readonly policies: readonly {
    readonly visibility: EntryVisibility
    /** What the namespace has to be like; `undefined`: a rule that is not known, and never holds. */
    readonly namespaces: readonly (LabelSelector | undefined)[]
  }[]
}

const visibility = s.withDefault(
  s.map(s.oneOf(['VISIBILITY_UNSPECIFIED', 'PUBLIC', 'NAMESPACE', 'NONE']), (written): EntryVisibility =>
    written === 'VISIBILITY_UNSPECIFIED' ? 'PUBLIC' : written,
  ),
  'PUBLIC',
)

const rule = s.object({ namespaceSelector: s.optional(labelSelector) }, { unknownFields: 'ignore' })

const policy = s.object(
  { visibility, matchingRules: s.withDefault(s.array(rule), []) },
  // Of a newer Istio's they are named as of no effect: the rest of the MeshConfig is not to be lost for them.
  { unknownFields: 'ignore' },
)

/** `applyToSidecars` is none of a waypoint's business. */
export const entryVisibility: s.Schema<EntryVisibilities> = s.map(
  s.object(
    { defaultVisibility: visibility, policies: s.withDefault(s.array(policy), []) },
    { unknownFields: 'ignore' },
  ),
  ({ defaultVisibility, policies }) => ({
    fallback: defaultVisibility,
    policies: policies.map(({ visibility: decided, matchingRules }) => ({
      visibility: decided,
      namespaces: matchingRules.map(({ namespaceSelector }) => namespaceSelector),
    })),
  }),
)
