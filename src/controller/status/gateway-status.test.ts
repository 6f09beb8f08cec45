import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listAt, textAt, type LiveObject } from '../manifest.ts'
import { gatewayStatusOf, type GatewayFacts } from './gateway-status.ts'
import { rolloutTroubleOf } from './ready-replicas.ts'

const gateway: LiveObject = {
  metadata: { namespace: 'shop', name: 'waypoint', generation: 1 },
  spec: { listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
}
const facts: GatewayFacts = {
  refusal: undefined,
  note: undefined,
  failure: undefined,
  hostname: 'waypoint.shop.svc.cluster.local',
  readyReplicas: 0,
  rolloutTrouble: undefined,
  attachedRoutes: 0,
  now: '2026-01-01T00:00:00Z',
}

const messageOf = (status: unknown, type: string): string =>
  textAt(
    listAt(status, 'conditions').find((one) => textAt(one, 'type') === type),
    'message',
  )

const owner = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: 'waypoint', uid: 'g1' }
const deploymentSaying = (...conditions: readonly object[]): ReadonlyMap<string, LiveObject> =>
  new Map([['Deployment/shop/waypoint', { metadata: { ownerReferences: [owner] }, status: { conditions } }]])
const quota = 'pods "waypoint-abc" is forbidden: exceeded quota: compute, requested: limits.memory=1Gi'
const failed = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: quota }
const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' }

describe('Programmed', () => {
  const trouble = rolloutTroubleOf(deploymentSaying(late, failed), 'shop/waypoint', 'g1')

  it('says why the first replica does not come', () => {
    const status = gatewayStatusOf(gateway, { ...facts, rolloutTrouble: trouble })
    assert.equal(
      messageOf(status, 'Programmed'),
      `waiting for the first replica to be ready: traffic goes past the waypoint until then; its Deployment says FailedCreate: ${quota}`,
    )
  })
  it('says that a change is not rolled out while replicas are ready', () => {
    const status = gatewayStatusOf(gateway, { ...facts, readyReplicas: 2, rolloutTrouble: 'X: y' })
    assert.match(
      messageOf(status, 'Programmed'),
      /^2 replicas are ready at waypoint\.shop.*; its Deployment says X: y$/,
    )
  })
  it('says nothing of a Deployment that does well, or is not the Gateway’s', () => {
    const well = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: 'good' }
    assert.equal(rolloutTroubleOf(deploymentSaying(well), 'shop/waypoint', 'g1'), undefined)
    assert.equal(rolloutTroubleOf(deploymentSaying(failed), 'shop/waypoint', 'g2'), undefined)
    assert.equal(rolloutTroubleOf(new Map(), 'shop/waypoint', 'g1'), undefined)
  })
  it('is no longer than the API server takes it, which else refuses the whole status', () => {
    const status = gatewayStatusOf(gateway, { ...facts, failure: { reason: 'Invalid', message: 'x'.repeat(40_000) } })
    assert.equal(messageOf(status, 'Programmed').length, 32_768)
    const listener = listAt(status, 'listeners')[0]
    assert.equal(messageOf(listener, 'Programmed').length, 32_768)
    assert.equal(
      gatewayStatusOf(
        { ...gateway, status },
        { ...facts, failure: { reason: 'Invalid', message: 'x'.repeat(40_000) } },
      ),
      status,
    )
  })
})
