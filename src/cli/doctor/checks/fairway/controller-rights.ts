import { valueAt } from '../../../../controller/manifest.ts'
import type { Right } from '../../../../controller/roles/right.ts'
import { controllerLeaseRole, controllerRole } from '../../../../controller/roles/controller-roles.ts'
import { waypointRoles } from '../../../../controller/roles/waypoint-roles.ts'
import { lackOf, rightsOf, rulesOf, userOf, type Account } from '../../look/account-rights.ts'
import { controllerPlaces, imageVersionOf, lineOf } from '../../look/controller-place.ts'
import { accountOf } from '../../look/pods.ts'
import { someOf } from '../../look/some-of.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0209' | 'FW0210'

export const controllerRightsCheck = defineCheck({
  name: 'controller-rights',
  section: 'fairway',
  title: 'the controller may do what it has to, and the roles of waypoints are as they should be',
  needs: ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  codes: {
    FW0209: {
      level: 'error',
      title: 'The controller lacks rights',
      cause:
        'The roles that the controller’s account is given do not have all that the controller of this version does: the chart is older, somebody changed a role, or the binding is gone. It logs each refusal, and does not do what it may not.',
      cure: 'Upgrade the chart, which has the roles and their bindings.',
    },
    FW0210: {
      level: 'error',
      title: 'A role of waypoints is missing, or lacks rights',
      cause:
        'The controller gives waypoints ClusterRoles of the chart. One is not there, or has less in it than a waypoint of this version reads; a waypoint that may not read what it needs does not become ready.',
      cure: 'Upgrade the chart, which has the roles.',
    },
  },
  run: (mesh) => {
    const next = 'helm upgrade fairway charts/fairway -n fairway-system'
    const roles = judgeRoles(mesh, next)
    const given = controllerRights(mesh)
    if (given === undefined)
      return roles.length > 0 ? found(roles) : skip('no controller of this version, whose rights could be looked at')
    const lack = [
      ...lackOf(controllerRole.rights, given.rights),
      ...lackOf(controllerLeaseRole.rights, given.own).map((one) => `${one} in ${given.namespace}`),
    ]
    if (lack.length === 0) return found(roles)
    const { object, who } = given
    return found([{ code: 'FW0209', object, message: `${who} may not ${someOf(lack)}`, next }, ...roles])
  },
})

/** Where the chart is not installed all are missing, which is one finding. */
const judgeRoles = (mesh: Mesh, next: string): readonly Finding<Code>[] => {
  const refOf = (name: string) => ({ kind: 'ClusterRole', namespace: '', name })
  const missing = waypointRoles.filter(({ name }) => mesh.get('ClusterRole', '', name) === undefined)
  const [first, ...others] = missing.map(({ name }) => name)
  const also = others.length === 0 ? '' : `, nor are ${others.join(', ')}`
  const lacking = waypointRoles.flatMap((role): readonly Finding<Code>[] => {
    const lack = missing.includes(role) ? [] : lackOf(role.rights, rulesOf(mesh.get('ClusterRole', '', role.name)))
    if (lack.length === 0) return []
    return [{ code: 'FW0210', object: refOf(role.name), message: `lacks: ${someOf(lack)}`, next }]
  })
  if (first === undefined) return lacking
  return [{ code: 'FW0210', object: refOf(first), message: `the role is not there${also}`, next }, ...lacking]
}

interface Given {
  /** In all of the cluster, and in its own namespace. */
  readonly rights: readonly Right[]
  readonly own: readonly Right[]
  readonly namespace: string
  readonly object: NonNullable<Finding['object']>
  readonly who: string
}

/** Of the account of the leader's Pod; of a leader that is no Pod nobody knows whose rights it has. */
const controllerRights = (mesh: Mesh): Given | undefined => {
  const place = controllerPlaces(mesh).find(({ pod }) => pod !== undefined)
  if (place?.pod === undefined) return undefined
  const version = imageVersionOf(valueAt(place.pod, 'spec'))
  // Another one needs other rights.
  if (version !== undefined && lineOf(version) !== lineOf(mesh.settings.version)) return undefined
  const { namespace } = place
  const account: Account = { namespace, name: accountOf(place.pod) }
  return {
    rights: rightsOf(mesh, account),
    own: rightsOf(mesh, account, namespace),
    namespace,
    object: { kind: 'ServiceAccount', ...account },
    who: userOf(account),
  }
}
