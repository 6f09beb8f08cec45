import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from '../../../test/support/models.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { FakePools } from '../../../test/support/upstream/fake-pools.ts'
import { HeaderList } from '../../http/header-list.ts'
import type { LoadBalancing, SessionPersistence } from '../../model/backend/backend-policy.ts'
import type { EndpointGroup } from '../../snapshot/snapshot.ts'
import { Sessions } from './sessions.ts'

const persistence: SessionPersistence = { type: 'Header', name: 'x-s', scope: 'a', lifetimeType: 'Session' }
const algorithms: readonly LoadBalancing[] = [
  { algorithm: 'RoundRobin' },
  { algorithm: 'LeastRequest' },
  { algorithm: 'Random' },
  { algorithm: 'ConsistentHash', key: { type: 'SourceAddress' } },
]

/** A process of its own: nothing is shared with others but the endpoints that it is told of. */
const createReplica = () => {
  const pools = new FakePools()
  const counters = { sessions: { begun: 0, kept: 0, moved: 0 } }
  const sessions = new Sessions({ balancer: pools.balancer, clock: pools.clock, counters })
  const ask = (group: EndpointGroup, token: string | undefined, hash: number) => {
    const session = sessions.of(persistence, new HeaderList(token === undefined ? [] : ['x-s', token]))
    session.findIn(group)
    const pool = session.pool ?? pools.balancer.pickEndpoint(group, [], hash) ?? assert.fail()
    const answer = new HeaderList([])
    session.onAnswer(answer, pool)
    return { address: pool.endpoint.address, token: answer.getLower('x-s') ?? token, isNew: answer.size > 0 }
  }
  return { ask }
}

for (const loadBalancing of algorithms) {
  test(`${loadBalancing.algorithm}: over 300 swaps, whichever of three replicas is asked, a session moves only when its endpoint goes`, () => {
    const random = seededRandom(1619)
    const replicas = Array.from({ length: 3 }, createReplica)
    const clients = Array.from({ length: 20 }, () => ({ token: undefined as string | undefined, address: '' }))
    let addresses = Array.from({ length: 12 }, (_, i) => `10.0.0.${i}`)
    let [moves, kept] = [0, 0]
    for (let round = 0; round < 300; round++) {
      const at = random.below(addresses.length)
      if (addresses.length > 3 && random.below(2) === 0) addresses = addresses.toSpliced(at, 1)
      else addresses = [...addresses.slice(at), ...addresses.slice(0, at), `10.0.${1 + (round >> 8)}.${round & 255}`]
      // Each replica has objects of its own.
      const groups = replicas.map(() => ({
        ...endpointsOf('api', addresses),
        policy: { source: 'test', loadBalancing },
      }))
      for (const [index, client] of clients.entries()) {
        const chosen = random.below(3)
        const group = groups[chosen] ?? assert.fail()
        const asked = (replicas[chosen] ?? assert.fail()).ask(group, client.token, index * 7919)
        const isThere = addresses.includes(client.address)
        assert.equal(asked.isNew, !isThere)
        if (isThere) assert.equal(asked.address, client.address)
        if (isThere) kept++
        else moves++
        Object.assign(client, { token: asked.token, address: asked.address })
      }
    }
    assert.ok(moves > 40 && kept > 4000, `${moves} moves, ${kept} kept`)
  })
}
