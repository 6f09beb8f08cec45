import type { CallGrant } from '../../../model/filter-spec.ts'
import type { Model } from '../../../model/model.ts'
import { isUserKind } from '../../objects/filter/filter-object.ts'
import type { ReferenceGrantObject } from '../../objects/reference-grant.ts'

const FILTERS = 'fairway.dev'
const NETWORKING = 'networking.istio.io'

/** Whom ReferenceGrants let filters of users call outside of their own namespaces. */
export const callGrantsOf = (grants: readonly ReferenceGrantObject[]): Pick<Model, 'callGrants'> => {
  const found = new Map<string, CallGrant>()
  for (const { metadata, from, to } of grants) {
    // Whoever may write one of them in a namespace has a way to the other: code of users is trusted by its namespace.
    const callers = from.filter(({ group, kind }) => group === FILTERS && isUserKind(kind))
    // Calls know a ServiceEntry by its hosts, and not by its name.
    const callees = to.filter(
      ({ group, kind, name }) =>
        (group === '' && kind === 'Service') || (group === NETWORKING && kind === 'ServiceEntry' && name === undefined),
    )
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
