import type { BackendLimits } from '../../../model/backend/backend-policy.ts'
import type { EndpointKey } from '../../../model/endpoint.ts'
import type { EndpointGroup } from '../../../snapshot/snapshot.ts'
import { ServiceLoad } from './service-load.ts'
import type { LimitCounters } from './service-load.ts'

/** How a Service port stands with its limits in one process, as plain data. */
export interface LimitReading {
  readonly key: EndpointKey
  readonly limits: BackendLimits
  readonly requests: number
  readonly pending: number
  readonly connections: number
}

/**
 * What Service ports with limits have under way in this process; it survives snapshots. What began before its Service
 * port had any limits is not counted.
 */
export class ServiceLoads {
  readonly #counters: LimitCounters
  readonly #loads = new Map<EndpointKey, ServiceLoad>()
  #groups: ReadonlyMap<EndpointKey, Pick<EndpointGroup, 'policy'>> = new Map()

  constructor(counters: LimitCounters) {
    this.#counters = counters
  }

  /** `undefined` when the Service port of a group, whatever snapshot it is of, has no limits now. */
  of({ key }: Pick<EndpointGroup, 'key'>): ServiceLoad | undefined {
    const limits = this.#groups.get(key)?.policy?.limits
    if (limits === undefined) return undefined
    let load = this.#loads.get(key)
    if (load === undefined) {
      load = new ServiceLoad(this.#counters)
      load.limits = limits
      this.#loads.set(key, load)
    }
    return load
  }

  /** A snapshot with these groups came into force: other limits hold, for those who wait as well. */
  retain(groups: ReadonlyMap<EndpointKey, Pick<EndpointGroup, 'policy'>>): void {
    this.#groups = groups
    for (const [key, load] of this.#loads) {
      const limits = groups.get(key)?.policy?.limits
      if (limits === undefined && load.isUnused) this.#loads.delete(key)
      else if (load.limits !== limits) load.limits = limits ?? NONE
    }
  }

  /** Called every second or so: what others leave of a connection that they share with a Service port is told to nobody. */
  tick(): void {
    for (const load of this.#loads.values()) load.wake()
  }

  /** For people: those with something under way. */
  read(): readonly LimitReading[] {
    return Array.from(this.#loads, ([key, { limits, requests, pending, connections }]) => {
      return { key, limits, requests, pending, connections }
    }).filter(({ requests, pending, connections }) => requests + pending + connections > 0)
  }
}

const NONE: BackendLimits = {}
