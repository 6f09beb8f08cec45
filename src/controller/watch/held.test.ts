import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createHolding } from './held.ts'
import { followedKinds, madeKinds } from './kinds.ts'

const metadata = {
  name: 'x',
  namespace: 'shop',
  labels: { 'app.kubernetes.io/managed-by': 'fairway' },
  ownerReferences: [{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: 'waypoint', uid: 'u1' }],
}
const object = { metadata: { ...metadata, managedFields: [{}] } }

describe('what is kept whole', () => {
  it('is what the controller makes', () => {
    const held = createHolding('Service', 'v1', undefined)(object)
    assert.deepEqual(held.raw, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
    })
  })

  it('is no policy that enforces a waypoint, which the command line writes and the Gateway owns', () => {
    // It was taken for something that is no longer wanted, and would have been deleted.
    assert.equal(createHolding('AuthorizationPolicy', 'security.istio.io/v1', undefined)(object).raw, undefined)
  })
})

it('all kinds of which only ours are followed are made', () => {
  for (const { kind, as } of followedKinds()) if (as === 'own') assert.ok(madeKinds.has(kind), kind)
})
