/** A right as Kubernetes' RBAC has it; data, out of which roles of the chart and of test servers are made. */
export interface Right {
  /** `''` for Kubernetes' core. */
  readonly groups: readonly string[]
  /** Plural, with a subresource behind a slash: `gateways/status`. */
  readonly resources: readonly string[]
  readonly verbs: readonly Verb[]
  /** Only objects of these names; not given: all. */
  readonly names?: readonly string[]
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | 'bind'

/** Rights under a name. */
export interface Role {
  readonly name: string
  readonly rights: readonly Right[]
}

/** One question to the API server, as RBAC sees it. */
export interface Access {
  readonly verb: Verb
  readonly group: string
  /** `gateways`, `gateways/status` */
  readonly resource: string
  /** Absent for a list, and for `create`. */
  readonly name?: string | undefined
}

/** Whether rights allow something. A list of one name (`fieldSelector=metadata.name=…`) counts as of that name. */
export const isAllowed = (rights: readonly Right[], { verb, group, resource, name }: Access): boolean =>
  rights.some(
    (right) =>
      right.verbs.includes(verb) &&
      right.groups.includes(group) &&
      covers(right.resources, resource) &&
      (right.names === undefined || (name !== undefined && right.names.includes(name))),
  )

/** A star is all of a group; before a slash, all that have the subresource. */
const covers = (resources: readonly string[], resource: string): boolean =>
  resources.includes(resource) || resources.includes('*') || resources.includes(resource.replace(/^[^/]+/, '*'))
