import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from '../../../../test/support/models.ts'
import { turn } from '../../../../test/support/turns.ts'
import type { BackendLimits } from '../../../model/backend/backend-policy.ts'
import type { EndpointPool } from '../../upstream/pool.ts'
import { Place } from './place.ts'
import { ServiceLoads } from './service-loads.ts'

const createLoad = (limits: BackendLimits) => {
  const counters = { upstreamOverflow: { requests: 0, pending: 0, connections: 0 }, pendingRequests: 0 }
  const loads = new ServiceLoads(counters)
  const group = { ...endpointsOf('api', []), policy: { source: 'test', limits } }
  loads.retain(new Map([[group.key, group]]))
  return { loads, counters, load: loads.of(group) ?? assert.fail() }
}

/** Of a pool no more is asked. */
const poolOf = (needsDial: () => boolean): EndpointPool => ({ needsDial }) as unknown as EndpointPool

test('a connection that others have left is found at the next tick', async () => {
  const { loads, load, counters } = createLoad({ maxConnections: 1, maxRequests: 5, maxPendingRequests: 5 })
  load.connect()
  let isBusy = true
  const pool = poolOf(() => isBusy)
  const went: string[] = []
  for (const name of ['one', 'two']) {
    const place: Place = new Place(load, {
      mayWait: true,
      onRoom: () => {
        if (place.connect(pool, 2, []) !== undefined) went.push(name)
      },
      onNoRoom: (limit) => went.push(limit),
    })
    place.enter()
  }
  loads.tick()
  await turn()
  assert.deepEqual([went, counters.pendingRequests], [[], 2])
  isBusy = false
  loads.tick()
  await turn()
  assert.deepEqual([went, counters.pendingRequests], [['one', 'two'], 0])
})

test('who has no connection to go by holds up those behind, in their order, and only until it leaves', async () => {
  const { loads, load } = createLoad({ maxConnections: 1, maxRequests: 5, maxPendingRequests: 5 })
  load.connect()
  const went: string[] = []
  const enter = (name: string, pool: EndpointPool): Place => {
    const place: Place = new Place(load, {
      mayWait: true,
      onRoom: () => {
        if (place.connect(pool, 1, []) !== undefined) went.push(name)
      },
      onNoRoom: (limit) => went.push(limit),
    })
    place.enter()
    return place
  }
  const stuck = enter(
    'stuck',
    poolOf(() => true),
  )
  enter(
    'free',
    poolOf(() => false),
  )
  loads.tick()
  await turn()
  assert.deepEqual(went, [])
  stuck.leave()
  await turn()
  assert.deepEqual(went, ['free'])
})

test('a thousand who wait, of whom every other one leaves, go in order', async () => {
  const { load, counters } = createLoad({ maxRequests: 1, maxPendingRequests: 1000 })
  const went: number[] = []
  const places = Array.from({ length: 1002 }, (_, i) => {
    const onRoom = (): void => void went.push(i)
    return new Place(load, { mayWait: true, onRoom, onNoRoom: () => went.push(-i) })
  })
  for (const place of places) place.enter()
  assert.deepEqual(went, [0, -1001])
  for (const [i, place] of places.entries()) if (i % 2 === 1) place.leave()
  for (let i = 0; i < 1000; i += 2) {
    places[i]?.leave()
    await turn()
  }
  assert.deepEqual(
    went.slice(2),
    Array.from({ length: 500 }, (_, i) => 2 * i + 2),
  )
  assert.deepEqual([counters.pendingRequests, load.requests, load.pending], [0, 1, 0])
})
