import assert from 'node:assert/strict'
import { it } from 'node:test'
import { classFeatures, meshFeatures } from './supported-features.ts'

it('lists are as the API server takes them: sorted, each name once, 64 at most', () => {
  for (const features of [classFeatures, meshFeatures]) {
    assert.deepEqual(features, [...new Set(features)].toSorted())
    assert.ok(features.length <= 64)
  }
})

it('what retries, filters of backends and of gRPC rules do is named too', () => {
  const wanted = [
    'GRPCRouteRequestHeaderModifier',
    'HTTPRouteBackendRequestRedirect',
    'HTTPRouteBackendURLRewrite',
    'HTTPRouteRetryBackendTimeout',
    'HTTPRouteRetryConnectionError',
  ]
  assert.deepEqual(
    wanted.filter((name) => !classFeatures.includes(name)),
    [],
  )
})
