import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../test/support/fake-clock.ts'
import type { ClientTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { Mesh, podAddress, until } from '../../../test/support/mesh/mesh.ts'
import { Pod } from '../../../test/support/mesh/pod.ts'
import type { PodTunnel } from '../../../test/support/mesh/pod.ts'
import { endpointsOf } from '../../../test/support/models.ts'
import { everNew } from '../../../test/support/upstream/fake-pools.ts'
import { PlainPools } from '../../../test/support/upstream/plain-pools.ts'
import { defaultOutlierDetection } from '../../model/backend/backend-defaults.ts'
import type { BackendPolicy } from '../../model/backend/backend-policy.ts'
import { Balancer } from './balancer.ts'
import type { EndpointReading } from './health/endpoint-reading.ts'

let clock: FakeClock
let mesh: Mesh

beforeEach(() => {
  clock = createFakeClock()
})
afterEach(() => mesh.close())

const start = async (pods: NonNullable<Parameters<typeof Mesh.start>[0]>['pods'] = [{}, {}, {}]): Promise<void> => {
  mesh = await Mesh.start({ clock, pods })
}

const use = (policy: Omit<BackendPolicy, 'source'>): void => {
  const model = mesh.model()
  mesh.apply({
    ...model,
    endpoints: model.endpoints.map((set) => ({ ...set, policy: { source: 'BackendPolicy shop/api', ...policy } })),
  })
}

const readingOf = (index: number): EndpointReading | undefined =>
  mesh.plane.readHealth().find(({ key }) => key.includes(podAddress(index)))

/** Statuses of so many requests, one after the other; each in a turn of its own. */
const get = async (tunnel: ClientTunnel, count: number): Promise<readonly number[]> => {
  const statuses: number[] = []
  for (let i = 0; i < count; i++) {
    const { head } = await tunnel.get()
    statuses.push(head.status)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return statuses
}

const ok = (count: number): readonly number[] => Array.from({ length: count }, () => 200)
const answer = (status: number, fields = ''): string => `HTTP/1.1 ${status} X\r\n${fields}content-length: 0\r\n\r\n`

/** Requests that pods have had since this was made. */
const counting = (): (() => readonly number[]) => {
  const before = mesh.pods.map(({ requests }) => requests)
  return () => mesh.pods.map(({ requests }, i) => requests - (before[i] ?? 0))
}

describe('an endpoint that allows no tunnel at all', () => {
  it('costs no request, and is put aside', async () => {
    await start([{}, { h2: { settings: { maxConcurrentStreams: 0 } } }, {}])
    const tunnel = await mesh.tunnel()
    assert.deepEqual(await get(tunnel, 30), ok(30))
    assert.match(readingOf(1)?.reason ?? '', /^ejected .*3 connections in a row failed: .* allows no tunnel at all/)
    const { length } = mesh.pods[1]?.connections ?? []
    assert.equal(length, 3)
    assert.deepEqual(await get(tunnel, 30), ok(30))
    assert.equal(mesh.pods[1]?.connections.length, length, 'nobody dials it meanwhile')
  })
})

describe('an endpoint that is gone', () => {
  it('costs no GET, is put aside, and is dialled by us before it gets one again', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    assert.deepEqual(await get(tunnel, 6), ok(6))
    const [, gone] = mesh.pods
    assert.ok(gone)
    gone.close()
    assert.deepEqual(await get(tunnel, 30), ok(30))
    assert.equal(readingOf(1)?.state, 'ejected')
    assert.match(readingOf(1)?.reason ?? '', /^ejected for another 1s: 3 connections in a row failed: .*ECONNREFUSED/)
    const failures = mesh.counters.upstreamConnectFailures
    assert.deepEqual(await get(tunnel, 30), ok(30))
    assert.equal(mesh.counters.upstreamConnectFailures, failures, 'nobody dials it meanwhile')
    await advanceInSteps(clock, 1500)
    assert.deepEqual(await get(tunnel, 5), ok(5))
    await until(() => readingOf(1)?.ejections === 2, 'our own dial to fail')
    assert.equal(mesh.records.at(-1)?.attempts, 1)
    const { options } = gone
    const back = await new Pod({ ...options, port: gone.port }).listen()
    mesh.pods[1] = back
    await advanceInSteps(clock, 2500)
    assert.deepEqual(await get(tunnel, 1), ok(1))
    await until(() => readingOf(1)?.state !== 'probation', 'our own dial to succeed')
    assert.equal(back.requests, 0)
    assert.deepEqual(await get(tunnel, 9), ok(9))
    assert.equal(back.requests, 3)
    const lines = mesh.logs.join('')
    assert.match(lines, /endpoint 127\.\S+:8080 is ejected for 1s: 3 connections in a row failed/)
    assert.match(lines, /endpoint 127\.\S+:8080 is healthy again/)
  })

  it('is known as gone after the configuration changed, and under another policy', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    mesh.pods[2]?.close()
    await get(tunnel, 15)
    assert.equal(readingOf(2)?.state, 'ejected')
    const failures = mesh.counters.upstreamConnectFailures
    use({ loadBalancing: { algorithm: 'Random' } })
    await get(tunnel, 30)
    assert.equal(mesh.counters.upstreamConnectFailures, failures)
  })
})

describe('an endpoint that answers nothing any more', () => {
  it('gets no more requests after some seconds, and those that it has go elsewhere when it is given up', async () => {
    await start()
    const tunnels = await Promise.all(Array.from({ length: 6 }, () => mesh.tunnel()))
    for (const tunnel of tunnels) await get(tunnel, 1)
    for (const socket of mesh.pods[0]?.sockets ?? []) socket.pause()
    const hanging = tunnels.slice(0, 3).map((tunnel) => get(tunnel, 1))
    const [, , , other] = tunnels
    assert.ok(other)
    await until(() => mesh.counters.activeExchanges > 0)
    await advanceInSteps(clock, 7000)
    assert.match(readingOf(0)?.state ?? '', /^(ejected|probation)$/)
    assert.match(readingOf(0)?.reason ?? '', /does not answer a PING/)
    const since = counting()
    assert.deepEqual(await get(other, 12), ok(12))
    assert.equal(since()[0], 0)
    await advanceInSteps(clock, 25_000)
    assert.deepEqual((await Promise.all(hanging)).flat(), ok(3))
  })

  it('keeps nobody waiting for a connection that is not made, but those who wait already', async () => {
    await start([{}, {}])
    const silent = createServer((socket) => socket.on('error', () => {})).unref()
    await new Promise<void>((resolve) => silent.listen(mesh.pod.port, podAddress(7), resolve))
    const api = [...mesh.pods.map((pod) => mesh.endpoint(pod.options.address)), mesh.endpoint(podAddress(7))]
    mesh.apply(mesh.model({ api }))
    const [first, other] = [await mesh.tunnel(), await mesh.tunnel()]
    assert.deepEqual(await get(other, 2), ok(2))
    const waiting = get(first, 1)
    await until(() => mesh.counters.activeExchanges === 1)
    await advanceInSteps(clock, 5000)
    assert.match(readingOf(7)?.state ?? '', /^(ejected|probation)$/)
    assert.match(readingOf(7)?.reason ?? '', /a connection was not made within 3000 ms/)
    assert.deepEqual(await get(other, 10), ok(10))
    await advanceInSteps(clock, 6000)
    assert.deepEqual(await waiting, ok(1))
    silent.close()
  })

  it('is not taken for silent when it was this process that was held up', async () => {
    using plain = new PlainPools({ clock })
    const silent = createServer((socket) => socket.on('error', () => {})).unref()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const balancer = new Balancer(plain.pools, everNew, { clock, random: () => 0 })
    const tls = { hostname: 'a', subjectAltNames: [], ca: 'System' } as const
    const pools = [plain.of(port, tls), plain.of(port + 1, tls)]
    balancer.pickEndpoint({ ...endpointsOf('api', []), endpoints: pools.map(({ endpoint }) => endpoint), tls }, [])
    const [pool] = pools
    pool?.openChannel(() => {})
    for (const [nowMs, isHealthy] of [
      [1000, true],
      [2000, true],
      [20_000, true],
      [21_000, false],
    ] as const) {
      plain.pools.tick(nowMs)
      assert.equal(pool?.health.state === 'healthy', isHealthy, `${nowMs}`)
    }
    silent.close()
  })
})

describe('answers', () => {
  it('eject where a policy says so, and one good one brings back', async () => {
    let isIll = true
    const onRequest = (tunnel: PodTunnel): void => void tunnel.write(answer(isIll ? 500 : 200))
    await start([{ onRequest }, {}, {}])
    use({ outlierDetection: { ...defaultOutlierDetection, consecutive5xxErrors: 3 } })
    const tunnel = await mesh.tunnel()
    assert.equal((await get(tunnel, 30)).filter((status) => status === 500).length, 3)
    assert.equal(readingOf(0)?.state, 'ejected')
    isIll = false
    await advanceInSteps(clock, 1500)
    const since = counting()
    assert.deepEqual(await get(tunnel, 9), ok(9))
    assert.ok((since()[0] ?? 0) >= 3)
    assert.equal(readingOf(0)?.state, 'healthy')
  })

  it('that ask for rest get it: 429 and 503 with Retry-After', async () => {
    for (const status of [429, 503]) {
      let answers = 0
      const onRequest = (tunnel: PodTunnel): void =>
        void tunnel.write(answers++ === 0 ? answer(status, 'Retry-After: 2\r\n') : answer(200))
      await start([{ onRequest }, {}, {}])
      const tunnel = await mesh.tunnel()
      const since = counting()
      assert.equal((await get(tunnel, 90)).filter((found) => found === status).length, 1)
      assert.equal(readingOf(0)?.share, 0.1)
      const [resting = 0] = since()
      assert.ok(resting <= 17, `${status}: ${resting} of 90`)
      await advanceInSteps(clock, 3000)
      const later = counting()
      await get(tunnel, 9)
      assert.deepEqual(later(), [3, 3, 3])
      assert.equal(readingOf(0), undefined)
      if (status === 429) await mesh.close()
    }
  })

  it('that ask a single endpoint to be left alone change nothing', async () => {
    await start([{ onRequest: (tunnel) => void tunnel.write(answer(429, 'Retry-After: 60\r\n')) }])
    await get(await mesh.tunnel(), 3)
    assert.deepEqual(mesh.plane.readHealth(), [])
  })
})

it('an endpoint that is new begins slowly, where the policy says so', async () => {
  await start()
  const slowStart = { durationMs: 10_000, minimumPercent: 10 }
  use({ loadBalancing: { algorithm: 'RoundRobin', slowStart } })
  const tunnel = await mesh.tunnel()
  await get(tunnel, 3)
  assert.deepEqual(mesh.plane.readHealth(), [], 'those that were there first')
  const before = counting()
  await get(tunnel, 6)
  assert.deepEqual(before(), [2, 2, 2])
  const fourth = await new Pod({ ...mesh.pod.options, address: podAddress(3), port: mesh.pod.port }).listen()
  mesh.pods.push(fourth)
  use({ loadBalancing: { algorithm: 'RoundRobin', slowStart } })
  await get(tunnel, 60)
  assert.ok(fourth.requests < 11, `${fourth.requests} of 60`)
  await advanceInSteps(clock, 5000)
  assert.equal(readingOf(3)?.share, 0.5)
  await advanceInSteps(clock, 6000)
  const after = counting()
  await get(tunnel, 8)
  assert.deepEqual(after(), [2, 2, 2, 2])
})
