import type { CallGrant } from '../../../model/filter-spec.ts'
import type { Model } from '../../../model/model.ts'
import type { ReferenceGrantObject } from '../../objects/reference-grant.ts'
import { isCallee, isCaller } from '../../objects/reference-grant-notes.ts'

/** Whom ReferenceGrants let filters of users call outside of their own namespaces. */
export const callGrantsOf = (grants: readonly ReferenceGrantObject[]): Pick<Model, 'callGrants'> => {
  const found = new Map<string, CallGrant>()
  for (const { metadata, from, to } of grants) {
    const callees = to.filter(isCallee)
    const callers = from.filter(isCaller)
    for (const { namespace } of callers) {
      for (const { name } of callees) {
        const grant = { from: namespace, to: metadata.namespace, ...(name === undefined ? {} : { service: name }) }
        found.set(JSON.stringify(grant), grant)
      }
    }
  }
  const sorted = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, grant]) => grant)
  return sorted.length === 0 ? {} : { callGrants: sorted }
}
