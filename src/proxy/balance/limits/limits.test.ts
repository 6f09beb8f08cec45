import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { Mesh, until } from '../../../../test/support/mesh/mesh.ts'
import type { MeshOptions } from '../../../../test/support/mesh/mesh.ts'
import type { ClientTunnel } from '../../../../test/support/mesh/client-tunnel.ts'
import type { PodTunnel } from '../../../../test/support/mesh/pod.ts'
import type { BackendLimits } from '../../../model/backend/backend-policy.ts'

let mesh: Mesh
afterEach(() => mesh.close())

/** Requests that pods have and have not answered, in the order in which they came. */
let held: { readonly tunnel: PodTunnel; readonly path: string; readonly pod: number }[] = []
const hold = (pod: number) => (tunnel: PodTunnel, request: { readonly head: { readonly target: string } }) =>
  void held.push({ tunnel, path: request.head.target, pod })

const start = async (limits: BackendLimits | undefined, options: MeshOptions = {}, pods = 1): Promise<void> => {
  held = []
  const policy = limits === undefined ? {} : { policy: { limits } }
  const onRequest = Array.from({ length: pods }, (_, i) => ({ onRequest: hold(i) }))
  mesh = await Mesh.start({ pods: onRequest, ...policy, ...options })
}

const answer = (index = 0, status = 200): void => {
  const [request] = held.splice(index, 1)
  request?.tunnel.write(`HTTP/1.1 ${status} X\r\ncontent-length: ${request.path.length}\r\n\r\n${request.path}`)
}

type Answer = Awaited<ReturnType<ClientTunnel['get']>>
/** Asks on a tunnel of its own. */
const ask = async (path: string): Promise<{ readonly tunnel: ClientTunnel; readonly answer: Promise<Answer> }> => {
  const tunnel = await mesh.tunnel()
  return { tunnel, answer: tunnel.get(path) }
}
const paths = (): string => held.map(({ path }) => path).join(' ')
const pendingAre = (count: number): Promise<void> =>
  until(() => mesh.counters.pendingRequests === count, `${count} to wait`)
const heldAre = (count: number): Promise<void> => until(() => held.length === count, `${count} at the pods`)

describe('maxRequests', () => {
  it('refuses what is more than so many, and takes others again when one is over', async () => {
    await start({ maxRequests: 2 })
    const [one, two] = [await ask('/1'), await ask('/2')]
    await heldAre(2)
    const { head, body } = await (await ask('/3')).answer
    assert.deepEqual([head.status, String(body)], [503, 'the service has as much to do as it may\n'])
    const { flags, details, attempts, endpoint } = await mesh.record(1)
    assert.deepEqual([flags, details, attempts, endpoint], ['UO', 'upstream_overflow{requests}', 0, undefined])
    assert.deepEqual(mesh.counters.upstreamOverflow, { requests: 1, pending: 0, connections: 0 })
    answer()
    assert.equal(String((await one.answer).body), '/1')
    const four = await ask('/4')
    await heldAre(2)
    answer()
    answer()
    assert.deepEqual([String((await two.answer).body), String((await four.answer).body)], ['/2', '/4'])
  })

  it('is told to gRPC as UNAVAILABLE', async () => {
    await start({ maxRequests: 1 })
    const one = await ask('/1')
    await heldAre(1)
    const tunnel = await mesh.tunnel()
    const { head } = await tunnel.request('POST', '/a.B/C', 'content-type: application/grpc\r\n')
    assert.deepEqual([head.status, head.headers.getLower('grpc-status')], [200, '14'])
    answer()
    await one.answer
  })

  it('counts until the answer is whole, whatever becomes of the client', async () => {
    await start({ maxRequests: 1 })
    const one = await ask('/1')
    await heldAre(1)
    held[0]?.tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe')
    assert.equal((await (await ask('/2')).answer).head.status, 503)
    one.answer.catch(() => {})
    mesh.clients[0]?.destroy()
    await until(() => mesh.records.length === 2)
    held = []
    const three = await ask('/3')
    await heldAre(1)
    answer()
    assert.equal((await three.answer).head.status, 200)
  })

  it('holds for a Service port, whatever route or replica of the model leads there', async () => {
    await start({ maxRequests: 1 })
    const one = await ask('/1')
    await heldAre(1)
    for (let i = 0; i < 3; i++)
      mesh.apply(structuredClone(mesh.model({ api: [mesh.endpoint(mesh.pod.options.address)] })))
    assert.equal((await (await ask('/2')).answer).head.status, 503)
    answer()
    await one.answer
  })
})

describe('maxPendingRequests', () => {
  it('wait in the order in which they came', async () => {
    await start({ maxRequests: 1, maxPendingRequests: 3 })
    const asked = []
    for (const path of ['/1', '/2', '/3', '/4']) {
      asked.push(await ask(path))
      await until(() => held.length + mesh.counters.pendingRequests === asked.length)
    }
    assert.equal((await (await ask('/5')).answer).head.status, 503)
    assert.equal((await mesh.record(1)).details, 'upstream_overflow{pending}')
    const order = []
    for (let left = 4; left > 0; left--) {
      await heldAre(1)
      order.push(paths())
      answer()
    }
    for (const { answer: whole } of asked) assert.equal((await whole).head.status, 200)
    assert.deepEqual(order, ['/1', '/2', '/3', '/4'])
    assert.equal(mesh.counters.pendingRequests, 0)
    assert.equal(mesh.pod.tunnels.length, 1, 'each uses the connection that the one before left')
  })

  it('are given up with their client, and with the time that their route gives them', async () => {
    const clock = createFakeClock()
    await start({ maxRequests: 1, maxPendingRequests: 2 }, { clock, rule: { timeouts: { requestMs: 500 } } })
    const one = await ask('/1')
    await heldAre(1)
    const two = await ask('/2')
    two.answer.catch(() => {})
    await pendingAre(1)
    mesh.clients[1]?.destroy()
    await pendingAre(0)
    assert.equal((await mesh.record(1)).flags, 'DC')
    clock.advance(400)
    const three = await ask('/3')
    await pendingAre(1)
    clock.advance(100)
    assert.equal((await one.answer).head.status, 504)
    held = []
    await heldAre(1)
    assert.equal(paths(), '/3')
    const four = await ask('/4')
    await pendingAre(1)
    clock.advance(400)
    assert.equal((await three.answer).head.status, 504)
    held = []
    await heldAre(1)
    assert.equal(paths(), '/4')
    answer()
    assert.equal((await four.answer).head.status, 200)
  })

  it('hold what came of their bodies, and send it when it is their turn', async () => {
    await start({ maxRequests: 1, maxPendingRequests: 1 })
    const one = await ask('/1')
    await heldAre(1)
    const tunnel = await mesh.tunnel()
    const upload = tunnel.request('POST', '/2', 'content-length: 50000\r\n', 'x'.repeat(50_000))
    await pendingAre(1)
    answer()
    await one.answer
    await heldAre(1)
    answer()
    assert.equal((await upload).head.status, 200)
    assert.equal(mesh.pod.tunnels[0]?.requests[1]?.bodyBytes, 50_000)
  })

  it('end when the waypoint does', async () => {
    await start({ maxRequests: 1, maxPendingRequests: 5 })
    for (const path of ['/1', '/2', '/3']) (await ask(path)).answer.catch(() => {})
    await pendingAre(2)
    mesh.plane.close()
    await pendingAre(0)
    assert.equal(mesh.records.length, 3)
  })
})

describe('other limits', () => {
  const wait = async (): Promise<readonly Promise<Answer>[]> => {
    await start({ maxRequests: 1, maxPendingRequests: 5 })
    const asked = []
    for (const path of ['/1', '/2', '/3', '/4']) {
      asked.push((await ask(path)).answer)
      await until(() => held.length + mesh.counters.pendingRequests === asked.length)
    }
    return asked
  }
  const put = (limits: BackendLimits | undefined): void => {
    mesh.apply(mesh.model({ policy: limits === undefined ? {} : { limits } }))
  }

  it('that are higher let some of those who wait go on', async () => {
    const asked = await wait()
    put({ maxRequests: 3, maxPendingRequests: 5 })
    await heldAre(3)
    assert.equal(paths().split(' ').toSorted().join(' '), '/1 /2 /3')
    while (held.length > 0) answer()
    await heldAre(1)
    answer()
    await Promise.all(asked)
  })

  it('that are none let all of them go on', async () => {
    const asked = await wait()
    put(undefined)
    await heldAre(4)
    while (held.length > 0) answer()
    for (const { head } of await Promise.all(asked)) assert.equal(head.status, 200)
  })

  it('that let fewer wait refuse those who came last', async () => {
    const asked = await wait()
    put({ maxRequests: 1, maxPendingRequests: 1 })
    assert.deepEqual(await Promise.all(asked.slice(2).map(async (late) => (await late).head.status)), [503, 503])
    await heldAre(1)
    answer()
    await heldAre(1)
    assert.equal(paths(), '/2')
    answer()
    await Promise.all(asked)
  })

  it('that come later count what begins from then on', async () => {
    await start(undefined)
    const one = await ask('/1')
    await heldAre(1)
    put({ maxRequests: 1 })
    const two = await ask('/2')
    await heldAre(2)
    assert.equal((await (await ask('/3')).answer).head.status, 503)
    answer()
    answer()
    await Promise.all([one.answer, two.answer])
  })
})

describe('maxConnections', () => {
  it('refuses a request that would need one more, and takes it when one is free', async () => {
    await start({ maxConnections: 1 })
    const one = await ask('/1')
    await heldAre(1)
    assert.equal((await (await ask('/2')).answer).head.status, 503)
    assert.equal((await mesh.record(1)).details, 'upstream_overflow{connections}')
    answer()
    await one.answer
    const three = await ask('/3')
    await heldAre(1)
    answer()
    assert.equal((await three.answer).head.status, 200)
    assert.equal(mesh.pod.tunnels.length, 1)
  })

  it('has requests wait for one, in order', async () => {
    await start({ maxConnections: 2, maxRequests: 10, maxPendingRequests: 3 })
    const asked = []
    for (const path of ['/1', '/2', '/3', '/4', '/5']) {
      asked.push((await ask(path)).answer)
      await until(() => held.length + mesh.counters.pendingRequests === asked.length)
    }
    assert.equal((await (await ask('/6')).answer).head.status, 503)
    assert.equal((await mesh.record(1)).details, 'upstream_overflow{pending}')
    assert.equal(held.length, 2)
    const order = []
    for (let done = 0; done < 5; done++) {
      await heldAre(Math.min(2, 5 - done))
      order.push(held[0]?.path)
      answer()
    }
    for (const whole of asked) assert.equal((await whole).head.status, 200)
    assert.deepEqual(new Set(order.slice(0, 2)), new Set(['/1', '/2']))
    assert.deepEqual(order.slice(2), ['/3', '/4', '/5'])
    assert.equal(mesh.pod.tunnels.length, 2)
  })

  it('sends a request where there is a free one rather than nowhere', async () => {
    await start({ maxConnections: 1 }, {}, 3)
    for (let i = 0; i < 6; i++) {
      const one = await ask(`/${i}`)
      await heldAre(1)
      answer()
      assert.equal((await one.answer).head.status, 200)
    }
    const connected = mesh.pods.map((pod) => pod.tunnels.length)
    assert.deepEqual(
      connected.toSorted((a, b) => a - b),
      [0, 0, 1],
    )
  })

  it('closes one that leads to an endpoint that is gone', async () => {
    await start({ maxConnections: 1 }, {}, 2)
    const one = await ask('/1')
    await heldAre(1)
    const first = held[0]?.pod ?? 0
    answer()
    await one.answer
    const other = mesh.pods[1 - first]
    mesh.apply(mesh.model({ api: [mesh.endpoint(other?.options.address ?? '')] }))
    const two = await ask('/2')
    await heldAre(1)
    assert.equal(held[0]?.pod, 1 - first)
    answer()
    assert.equal((await two.answer).head.status, 200)
    await until(() => mesh.pods[first]?.tunnels[0]?.end !== 'open')
  })

  it('is free again when a connection could not be made', async () => {
    let isOpen = false
    held = []
    const pod = { onRequest: hold(0), onConnect: () => (isOpen ? 200 : 503) }
    mesh = await Mesh.start({ pods: [pod], policy: { limits: { maxConnections: 1 } } })
    for (let i = 1; i <= 2; i++) {
      assert.equal((await (await ask('/0')).answer).head.status, 503)
      assert.equal((await mesh.record(i)).flags, 'UF')
    }
    isOpen = true
    const one = await ask('/1')
    await heldAre(1)
    answer()
    assert.equal((await one.answer).head.status, 200)
  })
})

it('a repetition is the same request, and a copy is made only where there is room', async () => {
  await start({ maxRequests: 1 }, { rule: { retry: { codes: [503], attempts: 2, backoffMs: 0 } } })
  const one = await ask('/1')
  for (const status of [503, 503, 200]) {
    await heldAre(1)
    answer(0, status)
  }
  assert.equal((await one.answer).head.status, 200)
  assert.equal((await mesh.record(1)).attempts, 3)
})
