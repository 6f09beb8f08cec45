/** Who may do what: RBAC by the roles and bindings that the server itself keeps. */
import type { Catalogue } from './catalogue.ts'
import { Failure } from './failure.ts'
import { isObject, listAt, objectAt, textAt, type Json, type JsonObject } from './json.ts'
import type { Store } from './store.ts'

/** Who sent a request. */
export interface User {
  readonly name: string
  readonly groups: readonly string[]
}

/** What somebody wants to do. */
export interface Attempt {
  readonly verb: string
  readonly group: string
  /** With the subresource: `deployments/status`. */
  readonly resource: string
  readonly namespace: string
  /** Empty: no single one. */
  readonly name: string
}

const RBAC = 'rbac.authorization.k8s.io'

export class Access {
  readonly #store: Store
  readonly #catalogue: Catalogue

  constructor(store: Store, catalogue: Catalogue) {
    this.#store = store
    this.#catalogue = catalogue
  }

  isAllowed(user: User, attempt: Attempt): boolean {
    if (user.groups.includes('system:masters')) return true
    return this.#rulesOf(user, attempt.namespace).some((rule) => allows(rule, attempt))
  }

  /** Throws what a forbidden request is answered with. */
  demand(user: User, attempt: Attempt): void {
    if (!this.isAllowed(user, attempt)) throw forbidden(user, attempt)
  }

  /** Nobody gives what he has not: roles and bindings are written by those only who have all that is in them. */
  checkEscalation(
    user: User,
    { kind, namespace }: { readonly kind: string; readonly namespace: string },
    object: JsonObject,
  ): void {
    const isBinding = kind.endsWith('Binding')
    const role = isBinding ? this.#roleOf(object, namespace) : object
    if (role === undefined || user.groups.includes('system:masters')) return
    const plural =
      textAt(isBinding ? objectAt(object, 'roleRef') : object, 'kind') === 'Role' ? 'roles' : 'clusterroles'
    const name = isBinding ? textAt(object, 'roleRef', 'name') : textAt(object, 'metadata', 'name')
    const verb = isBinding ? 'bind' : 'escalate'
    if (this.isAllowed(user, { verb, group: RBAC, resource: plural, namespace, name })) return
    const missing = rulesIn(role)
      .flatMap((rule) => attemptsOf(rule, namespace))
      .filter((attempt) => !this.isAllowed(user, attempt))
    if (missing.length === 0) return
    const where = isBinding ? `${kind.toLowerCase()}s` : plural
    const list = missing.map(({ verb: wanted, group, resource }) => `${wanted} ${resource}.${group}`).join(', ')
    throw new Failure(
      403,
      'Forbidden',
      `${where}.${RBAC} "${textAt(object, 'metadata', 'name')}" is forbidden: user "${user.name}" is attempting to grant RBAC permissions not currently held: ${list}`,
      { group: RBAC, kind: where, name: textAt(object, 'metadata', 'name') },
    )
  }

  #rulesOf(user: User, namespace: string): readonly JsonObject[] {
    const all = [
      ...this.#store.all(this.#catalogue.own(RBAC, 'clusterrolebindings')),
      ...this.#store
        .all(this.#catalogue.own(RBAC, 'rolebindings'))
        .filter((binding) => namespace !== '' && textAt(binding, 'metadata', 'namespace') === namespace),
    ]
    return all
      .filter((binding) => listAt(binding, 'subjects').some((subject) => isMeant(subject, user)))
      .flatMap((binding) => rulesIn(this.#roleOf(binding, namespace)))
  }

  #roleOf(binding: JsonObject, namespace: string): JsonObject | undefined {
    const name = textAt(binding, 'roleRef', 'name')
    return textAt(binding, 'roleRef', 'kind') === 'Role'
      ? this.#store.get(this.#catalogue.own(RBAC, 'roles'), namespace, name)
      : this.#store.get(this.#catalogue.own(RBAC, 'clusterroles'), '', name)
  }
}

export const forbidden = (user: User, { verb, group, resource, namespace, name }: Attempt): Failure => {
  const plural = resource.split('/')[0] ?? ''
  const what = `${group === '' ? plural : `${plural}.${group}`}${name === '' ? '' : ` "${name}"`}`
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`
  return new Failure(
    403,
    'Forbidden',
    `${what} is forbidden: User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
    { ...(name === '' ? {} : { name }), group, kind: plural },
  )
}

const rulesIn = (role: JsonObject | undefined): readonly JsonObject[] => listAt(role, 'rules').filter(isObject)

const isMeant = (subject: Json, { name, groups }: User): boolean => {
  const wanted = textAt(subject, 'name')
  switch (textAt(subject, 'kind')) {
    case 'User':
      return wanted === name
    case 'Group':
      return groups.includes(wanted)
    case 'ServiceAccount':
      return name === `system:serviceaccount:${textAt(subject, 'namespace')}:${wanted}`
    default:
      return false
  }
}

const allows = (rule: JsonObject, { verb, group, resource, name }: Attempt): boolean => {
  const names = listAt(rule, 'resourceNames')
  const [, subresource] = resource.split('/')
  const resources = listAt(rule, 'resources')
  return (
    has(rule, 'verbs', verb) &&
    has(rule, 'apiGroups', group) &&
    (resources.includes('*') ||
      resources.includes(resource) ||
      (subresource !== undefined && resources.includes(`*/${subresource}`))) &&
    (names.length === 0 || (name !== '' && names.includes(name)))
  )
}

const has = (rule: JsonObject, field: string, wanted: string): boolean => {
  const list = listAt(rule, field)
  return list.includes('*') || list.includes(wanted)
}

/** All that a rule gives, one by one. */
const attemptsOf = (rule: JsonObject, namespace: string): readonly Attempt[] => {
  const names = listAt(rule, 'resourceNames').map(String)
  return listAt(rule, 'verbs').flatMap((verb) =>
    listAt(rule, 'apiGroups').flatMap((group) =>
      listAt(rule, 'resources').flatMap((resource) =>
        (names.length === 0 ? [''] : names).map((name) => ({
          verb: String(verb),
          group: String(group),
          resource: String(resource),
          namespace,
          name,
        })),
      ),
    ),
  )
}
