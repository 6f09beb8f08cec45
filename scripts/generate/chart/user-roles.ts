/** What people may do with our kinds, as parts of the roles that Kubernetes has for people. */
import { createOurCrds } from '../../../src/config/crds/our-crds.ts'
import type { Role, Verb } from '../../../src/controller/roles/right.ts'
import { textAt } from '../../../src/controller/manifest.ts'

/** A role that becomes part of others: `view` of `aggregate-to-view`. */
export interface UserRole {
  readonly role: Role
  readonly aggregateTo: readonly string[]
}

/** Each kind by its name: a star would let them write statuses, which are for the controller and waypoints to write. */
export const createUserRoles = (): readonly UserRole[] => {
  const resources = createOurCrds()
    .map((crd) => textAt(crd, 'spec', 'names', 'plural'))
    .toSorted()
  const rights = (verbs: readonly Verb[]): Role['rights'] => [{ groups: ['fairway.dev'], resources, verbs }]
  return [
    {
      role: { name: 'fairway-view', rights: rights(['get', 'list', 'watch']) },
      aggregateTo: ['view', 'edit', 'admin'],
    },
    {
      role: {
        name: 'fairway-edit',
        rights: rights(['create', 'delete', 'deletecollection', 'patch', 'update']),
      },
      aggregateTo: ['edit', 'admin'],
    },
  ]
}
