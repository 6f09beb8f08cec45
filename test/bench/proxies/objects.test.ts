import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { translate } from '../../../src/config/translate/translate.ts'
import { isFault, type Condition } from '../../../src/model/condition.ts'
import { loadText } from '../../support/load-text.ts'
import { formatObjects } from './objects.ts'
import type { Traffic } from './traffic.ts'

const upstreams = { addresses: ['127.1.0.1', '127.1.0.2'], hbonePort: 15008, httpPort: 9080, httpsPort: 9443 }
const routeKinds: Readonly<Record<Traffic, readonly string[]>> = {
  http: ['HTTPRoute'],
  bodies: ['HTTPRoute'],
  websocket: ['HTTPRoute'],
  h2c: ['HTTPRoute'],
  grpc: ['GRPCRoute'],
  tcp: [],
}

const conditionsOf = (text: string): readonly Condition[] => {
  const { objects, issues } = loadText('objects.yaml', text)
  assert.deepEqual(issues, [])
  const { conditions } = translate(objects, {
    clusterDomain: 'cluster.local',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    pathNormalization: 'MERGE_SLASHES',
  })
  assert.deepEqual(conditions.filter(isFault), [])
  return conditions
}

describe('Fairway has nothing to say against the objects of a case', () => {
  for (const traffic of ['http', 'bodies', 'websocket', 'h2c', 'grpc', 'tcp'] as const) {
    test(traffic, () => {
      const conditions = conditionsOf(formatObjects({ ...upstreams, isHbone: true, traffic }))
      const routes = new Set(conditions.map(({ object }) => object.kind).filter((kind) => kind.endsWith('Route')))
      assert.deepEqual([...routes], routeKinds[traffic])
    })
  }

  test('1,000 policies', () => {
    const conditions = conditionsOf(formatObjects({ ...upstreams, isHbone: true, policies: 1000 }))
    const policies = conditions.filter(({ object }) => object.kind === 'AuthorizationPolicy')
    assert.deepEqual([policies.length, new Set(policies.map(({ reason }) => reason))], [1000, new Set(['Accepted'])])
  })
})
