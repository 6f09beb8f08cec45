import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from '../../../test/support/models.ts'
import { ServiceLoads } from '../../proxy/balance/limits/service-loads.ts'
import { limitRows } from './limit-rows.ts'

const limits = { maxConnections: 2, maxRequests: 5 }
const api = { ...endpointsOf('api', []), policy: { source: 'BackendPolicy shop/api', limits } }
const idle = { ...endpointsOf('idle', []), policy: { source: 'BackendPolicy shop/idle', limits } }
const none = { ...endpointsOf('none', []), policy: { source: 'BackendPolicy shop/none' } }

test('a row for each Service port with limits, and in it what each process has under way', () => {
  const processes = [1, 0].map((count) => {
    const counters = { upstreamOverflow: { requests: 0, pending: 0, connections: 0 }, pendingRequests: 0 }
    const loads = new ServiceLoads(counters)
    loads.retain(new Map([api, idle, none].map((set) => [set.key, set])))
    for (let i = 0; i < count; i++) {
      assert.ok(loads.of(api)?.enter())
      assert.ok(loads.of(api)?.connect())
    }
    assert.equal(loads.of(none), undefined)
    return loads.read()
  })
  assert.deepEqual(
    [...limitRows([api, idle, none], processes)],
    [
      {
        service: 'shop/api:80',
        policy: api.policy.source,
        limits,
        requests: [1, 0],
        pending: [0, 0],
        connections: [1, 0],
      },
      {
        service: 'shop/idle:80',
        policy: idle.policy.source,
        limits,
        requests: [0, 0],
        pending: [0, 0],
        connections: [0, 0],
      },
    ],
  )
})
