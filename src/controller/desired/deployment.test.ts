import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waypointSettings } from '../../../test/support/kube/waypoint-settings.ts'
import { deploymentOf } from './deployment.ts'
import type { GatewayPlan } from './gateway-plan.ts'

const plan: GatewayPlan = {
  namespace: 'shop',
  name: 'waypoint',
  uid: 'u',
  className: 'fairway-waypoint',
  objectName: 'waypoint',
  serviceAccount: 'waypoint',
  labels: {},
  annotations: {},
  revision: undefined,
  reach: { isWide: false, namespaces: [], certificates: [], secrets: [] },
  serviceType: 'ClusterIP',
}

const textOf = (istioNamespace: string): string =>
  JSON.stringify(deploymentOf(plan, { ...waypointSettings, istioNamespace }))

test('a waypoint is told where Istio is when that is not the usual place', () => {
  const elsewhere = textOf('mesh')
  assert.match(elsewhere, /"--istio-namespace=mesh"/)
  assert.match(elsewhere, /istiod\.mesh\.svc:15012/)
  assert.doesNotMatch(textOf('istio-system'), /--istio-namespace/)
})
