import type { LoadBalancing } from '../../../src/model/backend/backend-policy.ts'
import { hashText } from '../../../src/proxy/balance/hash-text.ts'
import { endpointsOf } from '../../support/models.ts'
import { FakePools } from '../../support/upstream/fake-pools.ts'
import type { Operation } from './operation.ts'

/** Of one loop turn: round robin gives the same endpoint several requests in a row. */
const REQUESTS_PER_TURN = 16

/** Who of the endpoints of a Service port gets the next request. */
export const balancingOperations = (): readonly Operation[] => [
  pickAmong(10, { algorithm: 'RoundRobin' }),
  pickAmong(10, { algorithm: 'LeastRequest' }),
  pickAmong(10, { algorithm: 'Random' }),
  ...[10, 100].map((size) => pickAmong(size, { algorithm: 'ConsistentHash', key: { type: 'SourceAddress' } })),
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
