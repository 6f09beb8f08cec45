import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { groupConditions, objectStatusOf } from '../../../config/status/object-status.ts'
import type { KubeJson } from '../../../kube/client.ts'
import { writtenConditions } from './written-conditions.ts'

const said = (type: string, status: string, observedGeneration?: number) => ({
  type,
  status,
  ...(observedGeneration === undefined ? {} : { observedGeneration }),
  reason: 'Because',
  message: 'so it is',
})
const ours = 'fairway.dev/waypoint-controller'
const parentRef = { group: '', kind: 'Service', name: 'api', port: 80 }
const route = (parents: readonly unknown[]): KubeJson => ({
  metadata: { name: 'r', namespace: 'shop', generation: 3 },
  status: { parents },
})

const brief = (kind: string, object: KubeJson): readonly string[] =>
  writtenConditions(kind, object).map(
    ({ parent, type, status, reason }) => `${parent ?? '-'} ${type}=${status} ${reason}`,
  )

describe('what the controller wrote', () => {
  it('of each parent, and nothing of others', () => {
    const object = route([
      { parentRef, controllerName: ours, conditions: [said('Accepted', 'True', 3), said('Foreign', 'False', 3)] },
      { parentRef, controllerName: 'istio.io/gateway-controller', conditions: [said('Accepted', 'False', 3)] },
      {
        parentRef: { ...parentRef, namespace: 'other' },
        controllerName: ours,
        conditions: [said('ResolvedRefs', 'odd')],
      },
    ])
    assert.deepEqual(brief('HTTPRoute', object), [
      'Service shop/api:80 Accepted=True Because',
      'Service other/api:80 ResolvedRefs=Unknown Because',
    ])
  })

  it('of an older generation is not known any more', () => {
    const [condition] = writtenConditions(
      'HTTPRoute',
      route([{ parentRef, controllerName: ours, conditions: [said('Accepted', 'True', 2)] }]),
    )
    assert.partialDeepStrictEqual(condition, { status: 'Unknown', reason: 'Pending' })
    assert.equal(condition?.message, 'said of generation 2, it is 3 now: is the controller running? (so it is)')
  })

  it('of policies by their ancestors, of others by their conditions', () => {
    const metadata = { name: 'p', namespace: 'shop' }
    const ancestors = [{ ancestorRef: parentRef, controllerName: ours, conditions: [said('Accepted', 'False')] }]
    assert.deepEqual(brief('BackendPolicy', { metadata, status: { ancestors } }), [
      'Service shop/api:80 Accepted=False Because',
    ])
    assert.deepEqual(brief('Gateway', { metadata, status: { conditions: [said('Programmed', 'True')] } }), [
      '- Programmed=True Because',
    ])
  })

  it('is the status again that it was read from', () => {
    const entry = {
      parentRef,
      controllerName: ours,
      conditions: [said('Accepted', 'True', 3), said('ResolvedRefs', 'False', 3)],
    }
    const [group] = groupConditions(writtenConditions('HTTPRoute', route([entry])))
    assert.ok(group !== undefined)
    const plain = { ...entry, conditions: [said('Accepted', 'True'), said('ResolvedRefs', 'False')] }
    assert.deepEqual(objectStatusOf(group).status.parents, [plain])
  })

  it('is nothing where somebody wrote nonsense', () => {
    for (const status of [7, [], { parents: 7 }, { parents: [7, {}] }, { conditions: [null, 'x', {}] }]) {
      assert.deepEqual(brief('HTTPRoute', { metadata: { name: 'r' }, status }), [])
    }
  })
})
