import { HeaderList } from '../../../../src/http/header-list.ts'
import type { LoadBalancing } from '../../../../src/model/backend/backend-policy.ts'
import { hashText } from '../../../../src/lib/hash/hash-text.ts'
import { Place } from '../../../../src/proxy/balance/limits/place.ts'
import { ServiceLoads } from '../../../../src/proxy/balance/limits/service-loads.ts'
import { Sessions } from '../../../../src/proxy/session/sessions.ts'
import type { EndpointGroup } from '../../../../src/snapshot/snapshot.ts'
import { endpointsOf } from '../../../support/models.ts'
import { FakePools } from '../../../support/upstream/fake-pools.ts'
import type { Operation } from './operation.ts'

/** Of one loop turn: round robin gives the same endpoint several requests in a row. */
const REQUESTS_PER_TURN = 16

/** Who of the endpoints of a Service port gets the next request. */
export const balancingOperations = (): readonly Operation[] => [
  pickAmong(10, { algorithm: 'RoundRobin' }),
  pickAmong(10, { algorithm: 'LeastRequest' }),
  pickAmong(10, { algorithm: 'Random' }),
  ...[10, 100].map((size) => pickAmong(size, { algorithm: 'ConsistentHash', key: { type: 'SourceAddress' } })),
  goOn(100),
  countRequests(),
]

const pickAmong = (size: number, loadBalancing: LoadBalancing): Operation => {
  const turns = { turn: 0 }
  const pools = new FakePools(turns)
  const addresses = Array.from({ length: size }, (_, i) => `10.0.0.${i}`)
  const policy = { source: 'the bench', loadBalancing }
  const group = { ...endpointsOf('api', addresses), policy }
  const keys = Array.from({ length: 1024 }, (_, i) => hashText(`key-${i}`))
  return {
    name: `pick by ${loadBalancing.algorithm} among ${size} endpoints`,
    run: (times) => {
      for (let i = 0; i < times; i++) {
        if (i % REQUESTS_PER_TURN === 0) turns.turn++
        const pool = pools.balancer.pickEndpoint(group, nobody, keys[i & 1023])
        if (pool === undefined) throw new Error('nobody')
        // As exchanges do it: some are always under way.
        pool.active = i & 7
      }
    },
  }
}

const nobody = [] as const

/** A request whose client brings a cookie, until its endpoint is found. */
const goOn = (size: number): Operation => {
  const { balancer, clock } = new FakePools({ turn: 0 })
  const addresses = Array.from({ length: size }, (_, i) => `10.0.0.${i}`)
  const group: EndpointGroup = endpointsOf('api', addresses)
  const sessions = new Sessions({ balancer, clock, counters: { sessions: { begun: 0, kept: 0, moved: 0 } } })
  const persistence = { type: 'Cookie', name: 's', scope: 'bench', lifetimeType: 'Session' } as const
  const tokens = balancer.pools(group).map((pool) => sessions.tokenFor(pool, persistence))
  const requests = tokens.map((token) => new HeaderList(['host', 'api', 'cookie', `theme=dark; s=${token}; lang=en`]))
  return {
    name: `go on with a session among ${size} endpoints`,
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const session = sessions.of(persistence, requests[i % size] ?? nothing)
        if (!session.findIn(group)) throw new Error('nobody')
      }
    },
  }
}

const nothing = new HeaderList([])

/** A request to a Service port with limits that are not reached. */
const countRequests = (): Operation => {
  const loads = new ServiceLoads({ upstreamOverflow: { requests: 0, pending: 0, connections: 0 }, pendingRequests: 0 })
  const group = { ...endpointsOf('api', []), policy: { source: 'the bench', limits: { maxRequests: 100 } } }
  loads.retain(new Map([[group.key, group]]))
  let entered = 0
  const user = { mayWait: true, onRoom: () => void entered++, onNoRoom: () => {} }
  return {
    name: 'enter and leave a Service port with limits',
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const load = loads.of(group)
        if (load === undefined) throw new Error('no limits')
        const place = new Place(load, user)
        place.enter()
        place.leave()
      }
    },
  }
}
