import { accessOf } from '../../../../controller/desired/access.ts'
import { textAt } from '../../../../controller/manifest.ts'
import { waypointRoles } from '../../../../controller/roles/waypoint-roles.ts'
import { lackOf, rightsOf, userOf } from '../../look/account-rights.ts'
import { refOf } from '../../look/live.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

export const waypointRightsCheck = defineCheck({
  name: 'waypoint-rights',
  section: 'fairway',
  title: 'each waypoint may read what it needs',
  needs: ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  codes: {
    FW0211: {
      level: 'error',
      title: 'A waypoint lacks rights',
      cause:
        'The account of a waypoint may not read something in a namespace that its requests go to. The controller binds the roles when a Service is bound or a route leads to another namespace; the binding is gone, or was not made. What the waypoint cannot read is to it as if it were not there.',
      cure: 'See whether the controller runs and what it logs: it makes the binding again.',
    },
  },
  run: (mesh) => {
    const { waypoints } = mesh.facts
    if (waypoints.length === 0) return skip('no waypoint')
    const roles = new Map(waypointRoles.map((role) => [role.name, role]))
    return found(
      waypoints.flatMap(({ plan, gateway }): readonly Finding<'FW0211'>[] => {
        const account = { namespace: plan.namespace, name: plan.serviceAccount }
        return accessOf(plan).flatMap((binding): readonly Finding<'FW0211'>[] => {
          const role = roles.get(textAt(binding, 'roleRef', 'name'))
          const namespace = textAt(binding, 'metadata', 'namespace') || undefined
          const lack = role === undefined ? [] : lackOf(role.rights, rightsOf(mesh, account, namespace))
          if (role === undefined || lack.length === 0) return []
          const where = namespace === undefined ? 'the cluster' : `namespace ${namespace}`
          const message = `${userOf(account)} may not ${lack.slice(0, 3).join('; ')} in ${where}: it is not given ClusterRole ${role.name} there`
          const next = `kubectl logs -n fairway-system deployment/fairway-controller --tail=50`
          return [{ code: 'FW0211', object: refOf(gateway), message, next }]
        })
      }),
    )
  },
})
