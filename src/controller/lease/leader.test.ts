import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createFakeClock, type FakeClock } from '../../../test/support/fake-clock.ts'
import type { KubeClient, KubeJson } from '../../kube/client.ts'
import { failed, type KubeResult } from '../../kube/failure.ts'
import { kubeResources } from '../../kube/resources.ts'
import { createLogger } from '../../lib/log.ts'
import { textAt, valueAt } from '../manifest.ts'
import { fenceClient } from './fenced-client.ts'
import { startLeader, type Leader } from './leader.ts'

/** A Lease and its versions, as an API server has them. */
class Server implements Pick<KubeClient, 'get' | 'create' | 'update'> {
  lease: KubeJson | undefined
  isDown = false
  slowly = async (): Promise<void> => {}
  #version = 0

  async get(): Promise<KubeResult<KubeJson>> {
    await this.slowly()
    if (this.isDown) return refuse('Unreachable')
    return this.lease === undefined ? refuse('NotFound', 404) : { ok: true, value: this.lease }
  }

  async create(_: unknown, lease: KubeJson): Promise<KubeResult<KubeJson>> {
    await this.slowly()
    if (this.lease !== undefined) return refuse('AlreadyExists', 409)
    return this.#keep(lease)
  }

  async update(_: unknown, lease: KubeJson): Promise<KubeResult<KubeJson>> {
    await this.slowly()
    if (this.isDown) return refuse('Unreachable')
    const isStale = lease.metadata.resourceVersion !== this.lease?.metadata.resourceVersion
    return isStale ? refuse('Conflict', 409) : this.#keep(lease)
  }

  #keep(lease: KubeJson): KubeResult<KubeJson> {
    this.#version++
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } }
    return { ok: true, value: this.lease }
  }
}

const clientOf = (server: Server): KubeClient => {
  const never = (): never => assert.fail('nobody asks for that')
  return {
    connection: { server: '', source: '', namespace: '' },
    get: () => server.get(),
    create: (resource, object) => server.create(resource, object),
    update: (resource, object) => server.update(resource, object),
    list: never,
    watch: never,
    apply: never,
    delete: never,
    served: never,
    server: never,
    close: never,
  }
}

const refuse = (reason: string, status?: number): KubeResult<never> =>
  failed({ asked: 'the Lease', reason, message: reason, ...(status === undefined ? {} : { status }) })

const quiet = createLogger({ write: () => {}, level: 'off', clock: { nowMs: () => 0 } })

interface Candidate extends Leader {
  readonly seen: string[]
}

const stand = (server: Server, clock: FakeClock, identity: string): Candidate => {
  const seen: string[] = []
  const onLead = (): void => void seen.push('lead')
  const onLoss = (): void => void seen.push('loss')
  const leader = startLeader({ client: server, clock, log: quiet, namespace: 'n', identity, onLead, onLoss })
  return {
    seen,
    isLeading: () => leader.isLeading(),
    holder: () => leader.holder(),
    trouble: () => leader.trouble(),
    close: () => leader.close(),
  }
}

const pass = async (clock: FakeClock, ms: number): Promise<void> => {
  for (let at = 0; at <= ms; at += 500) {
    for (let i = 0; i < 5; i++) await setImmediate()
    if (at < ms) clock.advance(500)
  }
}

describe('a leader', () => {
  it('is one of two, and the other takes over when it ends', async () => {
    const [server, clock] = [new Server(), createFakeClock()]
    const [a, b] = [stand(server, clock, 'a'), stand(server, clock, 'b')]
    await pass(clock, 10_000)
    assert.deepEqual([a.isLeading(), b.isLeading(), b.holder()], [true, false, 'a'])
    await a.close()
    assert.equal(textAt(server.lease, 'spec', 'holderIdentity'), '')
    await pass(clock, 2500)
    assert.deepEqual([a.seen, b.seen], [['lead', 'loss'], ['lead']])
    assert.equal(valueAt(server.lease, 'spec', 'leaseTransitions'), 1)
    await b.close()
  })

  it('goes on while it renews, and counts no change of leaders', async () => {
    const [server, clock] = [new Server(), createFakeClock()]
    const a = stand(server, clock, 'a')
    await pass(clock, 60_000)
    assert.deepEqual(a.seen, ['lead'])
    assert.equal(valueAt(server.lease, 'spec', 'leaseTransitions'), 0)
    await a.close()
  })

  it('stops before anybody else may begin when it cannot renew, and leads again later', async () => {
    const [server, clock] = [new Server(), createFakeClock()]
    const a = stand(server, clock, 'a')
    await pass(clock, 2000)
    server.isDown = true
    await pass(clock, 8000)
    assert.deepEqual(a.seen, ['lead'])
    await pass(clock, 2500)
    assert.deepEqual(a.seen, ['lead', 'loss'])
    assert.match(a.trouble() ?? '', /Unreachable/)
    server.isDown = false
    await pass(clock, 2500)
    assert.equal(a.trouble(), undefined)
    assert.deepEqual(a.seen, ['lead', 'loss', 'lead'])
    await a.close()
  })

  it('that died is waited for as long as it said, by our own clock', async () => {
    const [server, clock] = [new Server(), createFakeClock()]
    await server.create(undefined, {
      metadata: { name: 'fairway-controller' },
      // Its clock is a year behind ours.
      spec: { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2024-01-01T00:00:00.000000Z' },
    })
    const b = stand(server, clock, 'b')
    await pass(clock, 14_000)
    assert.deepEqual(b.seen, [])
    await pass(clock, 3000)
    assert.deepEqual(b.seen, ['lead'])
    await b.close()
  })

  it('loses to whoever took the Lease', async () => {
    const [server, clock] = [new Server(), createFakeClock()]
    const a = stand(server, clock, 'a')
    await pass(clock, 2000)
    assert.ok(server.lease !== undefined)
    await server.update(undefined, { ...server.lease, spec: { holderIdentity: 'b', leaseDurationSeconds: 15 } })
    await pass(clock, 2500)
    assert.deepEqual([a.seen, a.holder()], [['lead', 'loss'], 'b'])
    await a.close()
    assert.equal(textAt(server.lease, 'spec', 'holderIdentity'), 'b')
  })

  it('leads no longer than its time although it stood still, and writes nothing then', async () => {
    const [server, clock] = [new Server(), createFakeClock()]
    let stoodMs = 0
    const a = stand(server, { ...clock, monotonicMs: () => clock.monotonicMs() + stoodMs }, 'a')
    await pass(clock, 1000)
    const fenced = fenceClient(clientOf(server), () => a.isLeading())
    const lease: KubeJson = { metadata: { name: 'x', resourceVersion: server.lease?.metadata.resourceVersion ?? '' } }
    const write = async (): Promise<string> => {
      const written = await fenced.update(kubeResources.Lease, lease, { fieldManager: 'a' })
      return written.ok ? 'written' : written.failure.reason
    }
    // SIGSTOP: no timer has run yet.
    stoodMs = 60_000
    assert.equal(a.isLeading(), false)
    assert.equal(await write(), 'Aborted')
    stoodMs = 0
    assert.equal(await write(), 'written')
    await a.close()
  })

  it('does not begin to lead when its time was over before the answer came', async () => {
    const [server, clock] = [new Server(), createFakeClock()]
    server.slowly = async () => {
      await setImmediate()
      clock.advance(6000)
    }
    const a = stand(server, clock, 'a')
    for (let i = 0; i < 10; i++) await pass(clock, 2000)
    assert.deepEqual([a.seen, a.isLeading()], [[], false])
    assert.match(a.trouble() ?? '', /answers take longer than the 10000 ms/)
    server.slowly = async () => {}
    await pass(clock, 20_000)
    assert.deepEqual([a.seen, a.trouble()], [['lead'], undefined])
    await a.close()
  })
})
