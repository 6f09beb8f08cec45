import assert from 'node:assert/strict'
import { HeaderList } from '../../../src/http/header-list.ts'
import { defaultOutlierDetection } from '../../../src/model/backend/backend-defaults.ts'
import type { BackendPolicy, OutlierDetection } from '../../../src/model/backend/backend-policy.ts'
import type { Trying } from '../../../src/proxy/balance/health/outcomes.ts'
import type { EndpointPool } from '../../../src/proxy/upstream/pool.ts'
import type { EndpointGroup } from '../../../src/snapshot/snapshot.ts'
import { endpointsOf } from '../models.ts'
import { FakePools } from './fake-pools.ts'

/** Endpoints 10.0.0.1, 10.0.0.2, … of the Service `api`, with this `outlierDetection` over the defaults, or none. */
export const groupOf = (size: number, outlierDetection?: Partial<OutlierDetection>): EndpointGroup => {
  const policy: BackendPolicy = {
    source: 'BackendPolicy shop/api',
    ...(outlierDetection === undefined
      ? {}
      : { outlierDetection: { ...defaultOutlierDetection, ...outlierDetection } }),
  }
  const addresses = Array.from({ length: size }, (_, i) => `10.0.0.${i + 1}`)
  return { ...endpointsOf('api', addresses), policy }
}

export const times = (count: number, run: () => void): void => {
  for (let i = 0; i < count; i++) run()
}

/** The endpoints of one Service, of which some fail, and what the balancer makes of it. */
export class OutlierBed {
  readonly pools: FakePools
  group: EndpointGroup

  /** One request has gone there already. */
  constructor(group = groupOf(3), pools = new FakePools()) {
    this.pools = pools
    this.group = group
    this.pick()
  }

  pick(): EndpointPool {
    return this.pools.balancer.pickEndpoint(this.group, []) ?? assert.fail()
  }

  /** Addresses' last parts of so many picks. */
  picks(count: number): string {
    return Array.from({ length: count }, () => this.pick().endpoint.address.slice(7)).join('')
  }

  poolAt(index: number): EndpointPool {
    return this.pools.poolOf(this.group.endpoints[index] ?? assert.fail())
  }

  stateOf(index: number): string {
    return this.poolAt(index).health.state
  }

  trying(pool: EndpointPool, startedMs = this.pools.clock.monotonicMs()): Trying {
    return this.pools.balancer.trying(this.group, pool, startedMs)
  }

  fail(pool: EndpointPool, startedMs?: number): void {
    this.pools.balancer.outcomes.onUnreachable(this.trying(pool, startedMs), {
      kind: 'connect-failed',
      message: 'refused',
    })
  }

  answer(pool: EndpointPool, status: number, fields: string[] = [], startedMs?: number): boolean {
    return this.pools.balancer.outcomes.onHead(this.trying(pool, startedMs), {
      status,
      reason: '',
      minorVersion: 1,
      headers: new HeaderList(fields),
      bodyLength: 0,
      keepAlive: true,
      isOpen: false,
    })
  }
}
