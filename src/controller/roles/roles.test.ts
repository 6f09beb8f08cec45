import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kubeResources, type KubeResource } from '../../kube/resources.ts'
import { followedKinds as readByWaypoints } from '../../config/source/kube/plan-watches.ts'
import { followedKinds } from '../watch/kinds.ts'
import { controllerLeaseRole, controllerRole } from './controller-roles.ts'
import { isAllowed, type Access, type Role, type Verb } from './right.ts'
import { waypointRoles } from './waypoint-roles.ts'

const resources: ReadonlyMap<string, KubeResource> = new Map(Object.entries<KubeResource>(kubeResources))

/** Those of filters are all in our group, of which every kind may be read. */
const pluralOf = (kind: string): string => resources.get(kind)?.plural ?? `${kind.toLowerCase()}s`

const may = ({ rights }: Role, verb: Verb, kind: string, more: Partial<Access> = {}): boolean => {
  const group = resources.get(kind)?.group ?? 'fairway.dev'
  return isAllowed(rights, { verb, group, resource: pluralOf(kind), ...more })
}

describe('the controller', () => {
  for (const { kind, as } of followedKinds()) {
    it(`may follow each ${kind}`, () => {
      for (const verb of ['list', 'watch'] as const) assert.ok(may(controllerRole, verb, kind), verb)
    })
    if (as === 'own') {
      it(`may make each ${kind}, and take it away`, () => {
        for (const verb of ['get', 'patch', 'create', 'delete'] as const)
          assert.ok(may(controllerRole, verb, kind), verb)
      })
    }
  }

  const told = followedKinds().filter(
    ({ kind, as }) => as !== 'own' && !['Namespace', 'Service', 'ReferenceGrant', 'ServiceEntry'].includes(kind),
  )
  for (const { kind } of told) {
    it(`may tell each ${kind} what became of it`, () => {
      assert.ok(may(controllerRole, 'get', kind))
      assert.ok(may(controllerRole, 'update', kind, { resource: `${pluralOf(kind)}/status` }))
      assert.ok(!may(controllerRole, 'update', kind), 'its status only')
    })
  }

  it('may give waypoints their roles, and no others', () => {
    const bind = (name: string): boolean => may(controllerRole, 'bind', 'ClusterRole', { name })
    for (const { name } of waypointRoles) assert.ok(bind(name), name)
    assert.ok(!bind('cluster-admin'))
    assert.ok(!may(controllerRole, 'bind', 'ClusterRole'))
  })

  it('may read ConfigMaps, and no Secret', () => {
    for (const verb of ['list', 'watch'] as const) assert.ok(may(controllerRole, verb, 'ConfigMap'))
    for (const verb of ['get', 'list', 'watch'] as const) assert.ok(!may(controllerRole, verb, 'Secret'))
  })

  it('may hold its Lease', () => {
    const name = 'fairway-controller'
    assert.ok(may(controllerLeaseRole, 'create', 'Lease'))
    for (const verb of ['get', 'update'] as const) assert.ok(may(controllerLeaseRole, verb, 'Lease', { name }), verb)
    assert.ok(!may(controllerLeaseRole, 'update', 'Lease', { name: 'another' }))
  })
})

for (const kind of readByWaypoints) {
  it(`waypoints may be given to follow each ${kind}`, () => {
    const all: Role = { name: 'all', rights: waypointRoles.flatMap(({ rights }) => rights) }
    for (const verb of ['list', 'watch'] as const) assert.ok(may(all, verb, kind), verb)
  })
}

it('a waypoint writes nothing', () => {
  const verbs = waypointRoles.flatMap(({ rights }) => rights.flatMap((right) => right.verbs))
  assert.deepEqual([...new Set(verbs)].toSorted(), ['get', 'list', 'watch'])
})
