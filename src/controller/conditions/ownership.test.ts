import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadText } from '../../../test/support/load-text.ts'
import { createOwnership } from './ownership.ts'

const { objects } = loadText(
  'objects.yaml',
  `
apiVersion: v1
kind: Service
metadata: { name: api, namespace: shop, labels: { istio.io/use-waypoint: primary, istio.io/use-waypoint-canary: canary } }
spec: { clusterIP: 10.96.0.10, ports: [{ port: 80 }] }
`,
)
const parent = { group: '', kind: 'Service', name: 'api' }

const cases: readonly (readonly [what: string, own: readonly string[], owner: string | undefined])[] = [
  ['somebody else has all of it', [], undefined],
  ['the canary is ours, and the rest is not', ['shop/canary'], 'shop/canary'],
  ['the canary is somebody else’s', ['shop/primary'], 'shop/primary'],
  ['both are ours', ['shop/canary', 'shop/primary'], 'shop/primary'],
]

describe('whose business a Service with two waypoints is', () => {
  for (const [what, own, owner] of cases) {
    it(what, () => {
      const gateways = own.map((key) => ({ key, className: 'fairway-waypoint' }))
      assert.equal(createOwnership(objects, gateways, 'istio-system').ofParent(parent, 'shop'), owner)
    })
  }
})
