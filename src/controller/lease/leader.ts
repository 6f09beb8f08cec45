import type { KubeClient, KubeJson } from '../../kube/client.ts'
import type { KubeFailure, KubeResult } from '../../kube/failure.ts'
import { kubeResources } from '../../kube/resources.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import { formatKubeFailure } from '../../kube/failure.ts'
import { FIELD_MANAGER, textAt } from '../manifest.ts'
import { LEASE_NAME } from '../roles/controller-roles.ts'
import {
  defaultLeaseTimes,
  heldSpec,
  judgeLease,
  observeLease,
  releasedSpec,
  type LeaseTimes,
  type SeenLease,
} from './lease-record.ts'

export interface LeaderOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'update'>
  readonly clock: Clock
  readonly log: Logger
  /** Where the Lease is. */
  readonly namespace: string
  /** Who we are among all candidates: of no two processes the same. */
  readonly identity: string
  readonly times?: LeaseTimes
  /** Called when we lead. */
  readonly onLead: () => void
  /** Called when we no longer do; nothing may be written from then on. */
  readonly onLoss: () => void
}

/** A candidate. */
export interface Leader {
  readonly isLeading: () => boolean
  /** Who leads, as far as is known. */
  readonly holder: () => string | undefined
  /** Why the Lease cannot be read or held at the moment; `undefined`: it can. */
  readonly trouble: () => string | undefined
  /** Stops, and lets another lead at once. */
  readonly close: () => Promise<void>
}

/** Stands for leader until it is closed. */
export const startLeader = (options: LeaderOptions): Leader => {
  const candidate = new Candidate(options)
  candidate.start()
  return candidate
}

class Candidate implements Leader {
  readonly #options: LeaderOptions
  readonly #times: LeaseTimes
  #seen: SeenLease | undefined
  #lease: KubeJson | undefined
  #holder: string | undefined
  #trouble: string | undefined
  #leadsUntilMs: number | undefined
  #cancel = (): void => {}
  #cancelEnd = (): void => {}
  #trying: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: LeaderOptions) {
    this.#options = options
    this.#times = options.times ?? defaultLeaseTimes
  }

  start(): void {
    this.#trying = this.#round()
  }

  isLeading(): boolean {
    // The timer that ends it comes late in a process that stood still.
    return this.#leadsUntilMs !== undefined && this.#options.clock.monotonicMs() < this.#leadsUntilMs
  }

  holder(): string | undefined {
    return this.#holder
  }

  trouble(): string | undefined {
    return this.#trouble
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    // Whoever writes stops first: the next leader may begin as soon as the Lease is free.
    this.#lose('it ends')
    await this.#trying
    await this.#release()
  }

  async #round(): Promise<void> {
    const { clock, log } = this.#options
    try {
      await this.#try()
    } catch (error) {
      log.error('the Lease could not be dealt with', { error })
    }
    if (this.#isClosed) return
    this.#cancel = clock.after(this.#times.retryMs, () => {
      this.#trying = this.#round()
    })
  }

  async #try(): Promise<void> {
    const { client, clock, namespace, identity } = this.#options
    // Counted from before the question: the answer may be long in coming.
    const startedAtMs = clock.monotonicMs()
    const resource = kubeResources.Lease
    const found = await client.get(resource, { namespace, name: LEASE_NAME })
    if (!found.ok && found.failure.reason !== 'NotFound') return this.#complain(found.failure)
    const lease = found.ok ? found.value : undefined
    if (lease !== undefined) {
      const nowMs = clock.monotonicMs()
      this.#seen = observeLease(lease, this.#seen, nowMs)
      const step = judgeLease(lease, this.#seen, identity, nowMs)
      if (step.kind === 'wait') {
        this.#holder = step.holder
        this.#trouble = undefined
        return this.#lose(`${step.holder} leads`)
      }
    }
    if (this.#isClosed) return
    const spec = heldSpec(lease, { me: identity, nowMs: clock.nowMs(), leaseMs: this.#times.leaseMs })
    const write = { fieldManager: FIELD_MANAGER }
    const written: KubeResult<KubeJson> =
      lease === undefined
        ? await client.create(resource, createLease(namespace, spec), write)
        : await client.update(resource, { ...lease, spec }, write)
    if (!written.ok) return this.#complain(written.failure)
    this.#lease = written.value
    if (this.#isClosed) return
    this.#seen = observeLease(written.value, this.#seen, clock.monotonicMs())
    const untilMs = startedAtMs + this.#times.renewMs
    if (clock.monotonicMs() < untilMs) {
      this.#trouble = undefined
      return this.#lead(untilMs)
    }
    this.#tell(`the Lease cannot be held: answers take longer than the ${this.#times.renewMs} ms that it holds for`)
  }

  /** `untilMs`: unless it is renewed before. */
  #lead(untilMs: number): void {
    const { clock, log, onLead, identity } = this.#options
    const isNew = this.#leadsUntilMs === undefined
    this.#leadsUntilMs = untilMs
    this.#holder = identity
    this.#cancelEnd()
    this.#cancelEnd = clock.after(Math.max(0, untilMs - clock.monotonicMs()), () =>
      this.#lose(`the Lease could not be renewed for ${this.#times.renewMs} ms`),
    )
    if (!isNew) return
    log.info('this controller leads', { identity })
    onLead()
  }

  #lose(why: string): void {
    if (this.#leadsUntilMs === undefined) return
    this.#leadsUntilMs = undefined
    this.#cancelEnd()
    this.#options.log[this.#isClosed ? 'info' : 'warn']('this controller no longer leads', { why })
    this.#options.onLoss()
  }

  #complain(failure: KubeFailure): void {
    // Two who try at once: one of them comes too late, which is what the Lease is for.
    if (failure.reason === 'Conflict' || failure.reason === 'AlreadyExists') return
    this.#tell(`the Lease cannot be held: ${formatKubeFailure(failure)}`)
  }

  #tell(trouble: string): void {
    if (trouble !== this.#trouble) this.#options.log.warn(trouble)
    this.#trouble = trouble
  }

  async #release(): Promise<void> {
    const { client, clock, identity } = this.#options
    const lease = this.#lease
    if (lease === undefined || textAt(lease, 'spec', 'holderIdentity') !== identity) return
    const spec = releasedSpec(lease, clock.nowMs())
    const released = await client.update(kubeResources.Lease, { ...lease, spec }, { fieldManager: FIELD_MANAGER })
    if (!released.ok) this.#complain(released.failure)
  }
}

const createLease = (namespace: string, spec: Readonly<Record<string, unknown>>): KubeJson => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: LEASE_NAME, namespace },
  spec,
})
