/** Which kinds there are, as `/api`, `/apis` and what is below tell it. */
import type { Json, JsonObject } from '../json.ts'
import { apiVersionOf, type Resource } from '../resources/resource.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** The answer to a path of discovery; `undefined` where there is nothing. */
export const discover = (path: string, resources: readonly Resource[]): JsonObject | undefined => {
  const [root, group, version, ...more] = path.split('/').filter((part) => part !== '')
  if (more.length > 0) return undefined
  if (root === 'api' && group === undefined)
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
  if (root === 'api' && group === 'v1' && version === undefined) return listResources('', 'v1', resources)
  if (root !== 'apis') return undefined
  const groups = groupsOf(resources)
  if (group === undefined) return { kind: 'APIGroupList', apiVersion: 'v1', groups: [...groups.values()] }
  if (version === undefined) {
    const found = groups.get(group)
    return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...found }
  }
  return listResources(group, version, resources)
}

const groupsOf = (resources: readonly Resource[]): ReadonlyMap<string, JsonObject> =>
  new Map(
    [
      ...Map.groupBy(
        resources.filter(({ group }) => group !== ''),
        ({ group }) => group,
      ),
    ].map(([group, members]) => {
      const names = [...new Set(members.flatMap(({ versions }) => versions))]
      const versions = names.map((version) => ({ groupVersion: apiVersionOf(group, version), version }))
      return [group, { name: group, versions, preferredVersion: versions[0] ?? {} }]
    }),
  )

const listResources = (group: string, version: string, resources: readonly Resource[]): JsonObject | undefined => {
  const found = resources.filter((resource) => resource.group === group && resource.versions.includes(version))
  if (found.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf(group, version),
    resources: found.flatMap(describe),
  }
}

const describe = ({ plural, singular, isNamespaced, kind, hasStatus }: Resource): readonly Json[] => [
  { name: plural, singularName: singular, namespaced: isNamespaced, kind, verbs: VERBS },
  ...(hasStatus
    ? [
        {
          name: `${plural}/status`,
          singularName: '',
          namespaced: isNamespaced,
          kind,
          verbs: ['get', 'patch', 'update'],
        },
      ]
    : []),
]
