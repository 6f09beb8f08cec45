/** What roles and bindings of a cluster give to an account, and what of a list of rights that lacks. */
import { isAllowed, type Access, type Right, type Verb } from '../../../controller/roles/right.ts'
import { listAt, textAt, type LiveObject } from '../../../controller/manifest.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { namespaceOf } from '../look/live.ts'

/** A service account. */
export interface Account {
  readonly namespace: string
  readonly name: string
}

/** `system:serviceaccount:NAMESPACE:NAME` */
export const userOf = ({ namespace, name }: Account): string => `system:serviceaccount:${namespace}:${name}`

/** What an account may do in a namespace; without one, in all of them. */
export const rightsOf = (mesh: Mesh, account: Account, namespace?: string): readonly Right[] => {
  const bindings = [
    ...mesh.all('ClusterRoleBinding'),
    ...(namespace === undefined ? [] : mesh.all('RoleBinding').filter((one) => namespaceOf(one) === namespace)),
  ]
  return bindings
    .filter((binding) => listAt(binding, 'subjects').some((subject) => isMeant(subject, account)))
    .flatMap((binding) => rulesOf(roleOf(mesh, binding)))
}

/** Those that anything of ours needs. */
const allVerbs: readonly Verb[] = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'bind']

/** The rights of a role as it stands in the cluster. */
export const rulesOf = (role: LiveObject | undefined): readonly Right[] =>
  listAt(role, 'rules').map((rule) => {
    const [names, verbs] = [textsOf(rule, 'resourceNames'), textsOf(rule, 'verbs')]
    return {
      groups: textsOf(rule, 'apiGroups'),
      resources: textsOf(rule, 'resources'),
      verbs: allVerbs.filter((verb) => verbs.includes(verb) || verbs.includes('*')),
      ...(names.length === 0 ? {} : { names }),
    }
  })

/** Each access of `wanted` that `given` does not allow, in words: `list pods`, `update gateways/status.gateway…`. */
export const lackOf = (wanted: readonly Right[], given: readonly Right[]): readonly string[] => {
  const lacking = wanted.flatMap(accessesOf).filter((access) => !isGiven(given, access))
  const verbs = Map.groupBy(lacking, nameAccess)
  return Array.from(verbs, ([what, all]) => `${[...new Set(all.map(({ verb }) => verb))].join(', ')} ${what}`)
}

const textsOf = (object: unknown, field: string): readonly string[] => listAt(object, field).map(String)

const isMeant = (subject: unknown, account: Account): boolean => {
  const wanted = textAt(subject, 'name')
  switch (textAt(subject, 'kind')) {
    case 'ServiceAccount':
      return wanted === account.name && textAt(subject, 'namespace') === account.namespace
    case 'User':
      return wanted === userOf(account)
    case 'Group':
      return ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${account.namespace}`].includes(
        wanted,
      )
    default:
      return false
  }
}

const roleOf = (mesh: Mesh, binding: LiveObject): LiveObject | undefined => {
  const name = textAt(binding, 'roleRef', 'name')
  return textAt(binding, 'roleRef', 'kind') === 'Role'
    ? mesh.get('Role', namespaceOf(binding), name)
    : mesh.get('ClusterRole', '', name)
}

const accessesOf = ({ groups, resources, verbs, names }: Right): readonly Access[] =>
  groups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) => (names ?? [undefined]).map((name) => ({ group, resource, verb, name }))),
    ),
  )

const isGiven = (given: readonly Right[], { group, resource, verb, name }: Access): boolean => {
  const all = given.map((right) => ({
    ...right,
    groups: right.groups.includes('*') ? [group] : right.groups,
  }))
  return isAllowed(all, { group, resource, verb, name })
}

const nameAccess = ({ group, resource, name }: Access): string =>
  `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`}`
