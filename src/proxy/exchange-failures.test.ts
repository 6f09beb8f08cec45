import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } from '../http/h2/constants.ts'
import { Mesh, identityOf, podAddress, until } from '../../test/support/mesh/mesh.ts'
import type { PodOptions, PodTunnel } from '../../test/support/mesh/pod.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const before = async (pod: Partial<PodOptions>): Promise<Mesh> => {
  mesh = await Mesh.start({ pods: [pod] })
  return mesh
}

const connectRefusals = [400, 401, 503]
for (const status of connectRefusals) {
  test(`a pod that answers CONNECT with ${status} is a 503 UF for the client, whose tunnel goes on`, async () => {
    await before({ onConnect: () => status })
    const tunnel = await mesh.tunnel()
    for (let i = 0; i < 2; i++) {
      const { head } = await tunnel.get()
      assert.equal(head.status, 503)
      assert.equal(head.headers.get('connection'), undefined)
    }
    const record = await mesh.record(2)
    assert.equal(record.flags, 'UF')
    assert.equal(record.details, 'upstream_connect_failure')
    assert.match(record.upstreamFailure, new RegExp(`was answered ${status}`))
    assert.equal(record.upstreamMs, -1)
  })
}

test('nobody listens at the endpoint: 503 UF', async () => {
  mesh = await Mesh.start({ pods: [{}] })
  mesh.apply(mesh.model({ api: [mesh.endpoint(podAddress(7))] }))
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).head.status, 503)
  const record = await mesh.record(1)
  assert.match(record.upstreamFailure, /ECONNREFUSED/)
  assert.equal(mesh.counters.upstreamConnectFailures, 1)
})

test('the endpoint is another workload: 503, and never a byte delivered to it', async () => {
  await before({})
  mesh.apply(mesh.model({ api: [mesh.endpoint(mesh.pod.options.address, { identity: identityOf('other') })] }))
  const tunnel = await mesh.tunnel()
  const answer = await tunnel.request('POST', '/', 'content-length: 6\r\n', 'secret')
  assert.equal(answer.head.status, 503)
  assert.doesNotMatch(answer.body.toString(), /spiffe|127\./)
  const record = await mesh.record(1)
  assert.match(record.upstreamFailure, /reached spiffe:.*\/sa\/api instead of spiffe:.*\/sa\/other/)
  assert.equal(mesh.counters.upstreamIdentityMismatches, 1)
  assert.equal(mesh.pod.bytes, 0)
})

test('an endpoint whose service account is unknown is not dialled: 503', async () => {
  await before({})
  const { identity: _, ...unknown } = mesh.endpoint(mesh.pod.options.address)
  mesh.apply(mesh.model({ api: [unknown] }))
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).head.status, 503)
  assert.equal(mesh.pod.connections.length, 0)
})

test('no endpoint is ready: 503 UH', async () => {
  await before({})
  mesh.apply(mesh.model({ api: [] }))
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).head.status, 503)
  assert.equal((await mesh.record(1)).flags, 'UH')
})

const broken = [
  { name: 'of a known length', begin: 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello' },
  { name: 'in chunks', begin: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n' },
]
const breaks: readonly { readonly how: string; readonly run: (tunnel: PodTunnel) => void }[] = [
  { how: 'ends', run: (tunnel) => tunnel.finish() },
  { how: 'is reset as by an end', run: (tunnel) => tunnel.reset(CANCEL) },
  { how: 'is reset as by an error', run: (tunnel) => tunnel.reset(INTERNAL_ERROR) },
]
for (const { name, begin } of broken) {
  for (const { how, run } of breaks) {
    test(`an answer ${name} whose tunnel ${how} half-way is a broken tunnel for the client, never a whole answer`, async () => {
      await before({
        onRequest: (pod) => {
          pod.write(begin)
        },
      })
      const tunnel = await mesh.tunnel()
      tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
      await until(() => tunnel.partial.bytes === 5)
      for (const pod of mesh.pod.tunnels) run(pod)
      assert.equal(await tunnel.ended, 'reset-error')
      assert.equal(tunnel.partial.bytes, 5)
      const record = await mesh.record(1)
      assert.equal(record.status, 200)
      assert.equal(record.flags, 'UC')
      assert.equal(record.details, 'upstream_reset_after_response_started')
    })
  }
}

const untilClose = 'HTTP/1.1 200 OK\r\n\r\nhello'
for (const { code, isClean } of [
  { code: NO_ERROR, isClean: true },
  { code: CANCEL, isClean: true },
  { code: INTERNAL_ERROR, isClean: false },
]) {
  test(`a reset with code ${code} ${isClean ? 'ends' : 'breaks'} a body that is delimited by closing`, async () => {
    await before({
      onRequest: (pod) => {
        pod.write(untilClose)
      },
    })
    const tunnel = await mesh.tunnel()
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => tunnel.partial.bytes === 5)
    for (const pod of mesh.pod.tunnels) pod.reset(code)
    if (isClean) assert.equal((await tunnel.answer()).body.toString(), 'hello')
    else assert.equal(await tunnel.ended, 'reset-error')
  })
}

test('the pod dies in the middle of an answer: a broken tunnel for the client', async () => {
  await before({ onRequest: (pod) => void pod.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello') })
  const tunnel = await mesh.tunnel()
  tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => tunnel.partial.bytes === 5)
  for (const socket of mesh.pod.sockets) socket.destroy()
  assert.equal(await tunnel.ended, 'reset-error')
  await until(() => mesh.counters.openUpstreamConnections === 0)
})

const lost = [
  { how: 'ends', run: (tunnel: PodTunnel): void => tunnel.finish() },
  { how: 'is reset', run: (tunnel: PodTunnel): void => tunnel.reset(INTERNAL_ERROR) },
]
for (const { how, run } of lost) {
  for (const { method, attempts } of [
    { method: 'GET', attempts: 3 },
    { method: 'POST', attempts: 1 },
  ]) {
    test(`a new tunnel that ${how} before any answer: a ${method} is tried ${attempts} times and a 503 UC then, and the client may go on`, async () => {
      await before({ onRequest: run })
      const tunnel = await mesh.tunnel()
      for (let i = 0; i < 2; i++) {
        assert.equal((await tunnel.request(method, '/', 'content-length: 0\r\n')).head.status, 503)
      }
      const record = await mesh.record(2)
      assert.deepEqual([record.flags, record.attempts, record.tries.length], ['UC', attempts, attempts - 1])
      assert.equal(record.details, 'upstream_reset_before_response_started')
      assert.equal(mesh.pod.requests, 2 * attempts)
    })
  }
}

test('a mesh without repetitions has none of what changes nothing either', async () => {
  await before({ onRequest: (pod) => pod.reset(INTERNAL_ERROR) })
  mesh.apply({ ...mesh.model(), defaultRepeats: 0 })
  assert.equal((await (await mesh.tunnel()).get('/')).head.status, 503)
  assert.deepEqual([(await mesh.record(1)).attempts, mesh.pod.requests], [1, 1])
})

for (const method of ['GET', 'POST']) {
  test(`a new tunnel whose pod says that it looked at nothing: a ${method} is sent again`, async () => {
    await before({
      onRequest: (pod) => {
        if (mesh.pod.tunnels.length === 1) pod.reset(REFUSED_STREAM)
        else pod.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      },
    })
    const tunnel = await mesh.tunnel()
    assert.equal((await tunnel.request(method, '/', 'content-length: 5\r\n', 'hello')).head.status, 200)
    const { attempts, flags, tries } = await mesh.record(1)
    assert.deepEqual([attempts, flags, tries.map((each) => each.reason)], [2, '-', ['refused']])
    assert.deepEqual(
      mesh.pod.tunnels.map(({ requests }) => requests.map(({ body }) => String(body))),
      [['hello'], ['hello']],
    )
  })
}

test('a pod that refuses a CONNECT without looking at it is asked again', async () => {
  let asked = 0
  await before({ onConnect: () => (asked++ === 0 ? undefined : 200) })
  const tunnel = await mesh.tunnel()
  const answer = tunnel.get()
  await until(() => mesh.pod.tunnels.length === 1)
  mesh.pod.tunnels[0]?.reset(REFUSED_STREAM)
  assert.equal((await answer).head.status, 200)
  assert.equal(mesh.pod.connections.length, 1)
  assert.equal((await mesh.record(1)).attempts, 1)
})

const garbage = [
  { name: 'no HTTP', answer: 'SSH-2.0-OpenSSH_9.6\r\n\r\n' },
  { name: 'two lengths', answer: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx' },
  { name: 'a head without end', answer: `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}` },
  // We ask for no upgrade, and behind it the client would read another protocol.
  {
    name: 'a switch of protocols',
    answer: 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  },
]
for (const { name, answer } of garbage) {
  test(`${name} from the pod is a 502, and that tunnel is not used again`, async () => {
    await before({ onRequest: (pod) => void pod.write(answer) })
    const tunnel = await mesh.tunnel()
    assert.equal((await tunnel.get()).head.status, 502)
    assert.equal((await mesh.record(1)).flags, 'UPE')
    await until(() => mesh.pod.tunnels[0]?.end === INTERNAL_ERROR)
    await tunnel.get()
    assert.equal(mesh.pod.tunnels.length, 2)
  })
}

test('bytes behind a whole answer cost the pod its tunnel, not the client its answer', async () => {
  await before({
    onRequest: (pod) =>
      void pod.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'),
  })
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).body.toString(), 'ok')
  assert.equal((await tunnel.get()).body.toString(), 'ok')
  assert.equal(mesh.pod.tunnels.length, 2)
})

test('an answer that nobody asked for ends an idle tunnel', async () => {
  await before({})
  const tunnel = await mesh.tunnel()
  await tunnel.get()
  mesh.pod.tunnels[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil')
  await until(() => mesh.pod.tunnels[0]?.end === INTERNAL_ERROR)
  assert.equal((await tunnel.get()).body.toString(), 'ok')
})

test('the client goes while the pod is thinking: the pod sees a broken tunnel', async () => {
  await before({ onRequest: () => {} })
  const tunnel = await mesh.tunnel()
  tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => mesh.pod.requests === 1)
  tunnel.channel.reset(CANCEL)
  await until(() => mesh.pod.tunnels[0]?.end === INTERNAL_ERROR)
  const record = await mesh.record(1)
  assert.equal(record.status, 0)
  assert.equal(record.flags, 'DC')
})

test('the client goes in the middle of its body: the pod sees a broken tunnel', async () => {
  await before({})
  const tunnel = await mesh.tunnel()
  tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nhalf', 'POST')
  await until(() => mesh.pod.tunnels[0]?.seen.endsWith('half') === true)
  tunnel.channel.end()
  await until(() => mesh.pod.tunnels[0]?.end === INTERNAL_ERROR)
  assert.equal(await tunnel.ended, 'reset-error')
  assert.equal((await mesh.record(1)).flags, 'DC')
  assert.equal(mesh.pod.requests, 0)
})

test('the client goes in the middle of the answer: the record has the status and says so', async () => {
  await before({ onRequest: (pod) => void pod.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello') })
  const tunnel = await mesh.tunnel()
  tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => tunnel.partial.bytes === 5)
  mesh.clients[0]?.destroy()
  const record = await mesh.record(1)
  assert.equal(record.status, 200)
  assert.equal(record.flags, 'DC')
  await until(() => mesh.pod.tunnels[0]?.end === INTERNAL_ERROR)
})

test('an answer before the whole request: the client has it, then both tunnels end', async () => {
  await before({ onHead: (pod) => void pod.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n') })
  const tunnel = await mesh.tunnel()
  tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 1000000\r\n\r\nabc', 'POST')
  assert.equal((await tunnel.answer()).head.status, 413)
  assert.equal(await tunnel.ended, 'end')
  await until(() => mesh.pod.tunnels[0]?.end === INTERNAL_ERROR)
  assert.equal((await mesh.record(1)).flags, '-')
})
