/** What of a ReferenceGrant permits nothing. Others than waypoints go by them too: only slips of the pen are told of, and what is ours. */
import type { Issue } from '../../lib/decoded.ts'
import { nearestWord } from '../../lib/nearest.ts'
import { isUserKind } from './filter/filter-object.ts'
import { kindApi, kindApis, kindsOfGroup } from './kind-apis.ts'

/** Either side of a grant, as far as kinds go. */
interface KindRef {
  readonly group: string
  readonly kind: string
}

/** The lists of a grant. */
export interface Grant {
  readonly from: readonly KindRef[]
  readonly to: readonly (KindRef & { readonly name?: string })[]
}

const OURS = kindApis.Filter.group
const GATEWAY = kindApis.Gateway.group

/** Whether filters of users are let: whoever may write a Filter in a namespace has a way to an App, and the other way round. */
export const isCaller = ({ group, kind }: KindRef): boolean => group === OURS && isUserKind(kind)

/** Whether it is something that filters call. They know a ServiceEntry by its hosts, and not by its name. */
export const isCallee = ({ group, kind, name }: Grant['to'][number]): boolean =>
  (group === '' && kind === 'Service') ||
  (group === kindApis.ServiceEntry.group && kind === 'ServiceEntry' && name === undefined)

/** Tells of kinds that are none, and of what filters are let without being able to make use of it. */
export const noteGrant = ({ from, to }: Grant): readonly Issue[] => {
  const misspelt = [
    ...from.flatMap((ref, index) => noteKind(ref, `spec.from[${index}]`)),
    ...to.flatMap((ref, index) => noteKind(ref, `spec.to[${index}]`)),
  ]
  if (misspelt.length > 0 || !from.some(({ group }) => group === OURS)) return misspelt
  const idle = from.flatMap((ref, index) => (ref.group === OURS && !isCaller(ref) ? [noCaller(ref, index)] : []))
  const useless = to.flatMap((ref, index) => (isCallee(ref) ? [] : [noCallee(ref, index)]))
  // Something of it may be for others.
  return from.every(({ group }) => group === OURS) || useless.length === to.length ? [...idle, ...useless] : idle
}

const noCaller = ({ kind }: KindRef, index: number): Issue => ({
  message: `permits nothing: a ${kind} refers to no other namespace`,
  path: `spec.from[${index}].kind`,
  found: kind,
  expected: 'Filter or App',
})

const noCallee = ({ kind, name }: Grant['to'][number], index: number): Issue =>
  kind === 'ServiceEntry' && name !== undefined
    ? {
        message: 'permits no filter anything: filters call the hosts of a ServiceEntry, and do not know its name',
        path: `spec.to[${index}].name`,
        found: name,
        expected: 'no name',
      }
    : {
        message: `permits no filter anything: filters call Services`,
        path: `spec.to[${index}].kind`,
        found: kind,
        expected: 'Service, or ServiceEntry without a name',
      }

/** All of Kubernetes' core; of it Services, Secrets, ConfigMaps and PersistentVolumeClaims are referred to. */
const coreKinds: readonly string[] = [
  ...['Binding', 'ComponentStatus', 'ConfigMap', 'Endpoints', 'Event', 'LimitRange', 'Namespace', 'Node'],
  ...['PersistentVolume', 'PersistentVolumeClaim', 'Pod', 'PodTemplate', 'ReplicationController', 'ResourceQuota'],
  ...['Secret', 'Service', 'ServiceAccount'],
]

/** Of Gateway API beside those that waypoints read. */
const gatewayKinds: readonly string[] = [
  ...kindsOfGroup(GATEWAY),
  ...['UDPRoute', 'ListenerSet', 'BackendLBPolicy', 'BackendTrafficPolicy', 'Mesh'],
]

const noteKind = ({ group, kind }: KindRef, path: string): readonly Issue[] => {
  const unknown = (field: 'group' | 'kind', expected: string): readonly Issue[] => {
    const found = field === 'group' ? group : kind
    const message = `permits nothing: there is no kind ${kind} in ${group === '' ? "Kubernetes' core" : `group ${group}`}`
    return [{ message, path: `${path}.${field}`, found, expected }]
  }
  // What other groups have nobody knows; but no group has a slash or is called like a version.
  if (group === 'core' || /^v[0-9]/.test(group) || group.includes('/')) {
    return unknown('group', group.includes('/') ? group.slice(0, group.indexOf('/')) : "''")
  }
  const known = kindApi(kind)?.group
  switch (group) {
    case '':
      if (coreKinds.includes(kind)) return []
      return known === undefined
        ? unknown('kind', nearestWord(kind, coreKinds) ?? 'a kind of it')
        : unknown('group', known)
    case OURS:
      if (known === OURS) return []
      return known === undefined
        ? unknown('kind', nearestWord(kind, kindsOfGroup(OURS)) ?? 'Filter or App')
        : unknown('group', known === '' ? "''" : known)
    case GATEWAY: {
      if (gatewayKinds.includes(kind)) return []
      if (known !== undefined) return unknown('group', known === '' ? "''" : known)
      // There may be kinds that are younger than this.
      const nearest = nearestWord(kind, gatewayKinds)
      return nearest === undefined ? [] : unknown('kind', nearest)
    }
    default:
      return known !== undefined && known !== group && nearestWord(group, [known]) !== undefined
        ? unknown('group', known)
        : []
  }
}
