/** Prints which endpoint each of so many keys goes to, in this process: `pick-all.ts KEYS ADDRESS…`. */
import { hashText } from '../../../src/lib/hash/hash-text.ts'
import { endpointsOf } from '../models.ts'
import { FakePools } from './fake-pools.ts'

/** The address that each of the keys `key-0`, `key-1`, … goes to. */
export const pickAll = (keys: number, addresses: readonly string[]): readonly string[] => {
  const { balancer } = new FakePools()
  const policy = {
    source: 'BackendPolicy shop/api',
    loadBalancing: { algorithm: 'ConsistentHash', key: { type: 'SourceAddress' } },
  } as const
  const group = { ...endpointsOf('api', addresses), policy }
  return Array.from({ length: keys }, (_, i) => {
    return balancer.pickEndpoint(group, [], hashText(`key-${i}`))?.endpoint.address ?? ''
  })
}

if (import.meta.main) {
  const [keys, ...addresses] = process.argv.slice(2)
  process.stdout.write(JSON.stringify(pickAll(Number(keys), addresses)))
}
