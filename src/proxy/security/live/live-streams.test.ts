/** What is under way when policies change: what they do not permit any more ends, and everything else goes on. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { openInner, type InnerClient } from '../../../../test/support/mesh/inner-client.ts'
import { identityOf, Mesh, until, VIP, type MeshOptions } from '../../../../test/support/mesh/mesh.ts'
import { openTunnel } from '../../../../test/support/mesh/client-tunnel.ts'
import type { PodTunnel } from '../../../../test/support/mesh/pod.ts'
import { TcpMesh } from '../../../../test/support/mesh/tcp-mesh.ts'
import { openStream, readBytes } from '../../../../test/support/mesh/tunnel-stream.ts'
import { policyOf, type Conditions } from '../../../../test/support/hostile/policies.ts'
import { arrivals } from '../../../../test/support/turns.ts'
import { anything } from '../../../lib/schema.ts'
import { findField } from '../../../http/h2/fields.ts'
import type { AuthorizationPolicy } from '../../../model/security/authorization.ts'

let mesh: Mesh
let close: () => Promise<void> = () => Promise.resolve()
afterEach(() => close())

const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'
const DENIED = 'rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[0]]'

/** Pods begin to answer `/slow…` and leave it open, switch protocols on `/chat…`, and say nothing to `/silent…`. */
const start = async (options: MeshOptions = {}): Promise<readonly PodTunnel[]> => {
  const open: PodTunnel[] = []
  mesh = await Mesh.start({
    ...options,
    pods: [
      {
        onHead: (tunnel, { target }) => {
          open.push(tunnel)
          if (target.startsWith('/slow')) tunnel.write(HEAD)
          else if (target.startsWith('/chat')) tunnel.write(SWITCH)
        },
        onRequest: () => {},
      },
    ],
  })
  close = () => mesh.close()
  return open
}

const judge = (...policies: readonly AuthorizationPolicy[]): void => {
  const model = mesh.model()
  const authorizations = policies.map(({ key }) => key)
  const services = model.services.map((service) => ({
    ...service,
    ...(policies.length === 0 ? {} : { authorizations }),
  }))
  mesh.apply({ ...model, authorizations: policies, services })
}

const deny = (conditions: Conditions): AuthorizationPolicy => policyOf('DENY', conditions)
const denySlow = deny({ path: ['/slow/1', '/chat/1', '/silent/1'] })
const allowAll = policyOf('ALLOW', { path: ['*'] })

interface Streamed {
  status: string
  text: string
  end: number | 'open' | 'end'
}

const openH2 = (client: InnerClient, path: string, more: readonly string[] = []): Streamed => {
  const seen: Streamed = { status: '', text: '', end: 'open' }
  const fields = [':method', 'POST', ':scheme', 'http', ':path', path, ':authority', 'api', ...more]
  const handler = {
    onHeaders: (answer: readonly string[]): void => {
      seen.status ||= findField(answer, ':status') ?? ''
    },
    onData: (buffer: Buffer, from: number, to: number): void => {
      seen.text += buffer.toString('latin1', from, to)
      client.h2.consume(stream, to - from)
    },
    onEnd: () => (seen.end = 'end'),
    onReset: (code: number) => (seen.end = code),
    onDrain: () => {},
  }
  const stream = client.h2.open(fields, handler, false)
  return seen
}

describe('a request under way', () => {
  for (const before of ['no policy', 'another policy'] as const) {
    test(`by HTTP/1.1, let through by ${before}: the connection ends in the middle of the answer`, async () => {
      await start()
      if (before === 'another policy') judge(allowAll)
      const one = await mesh.tunnel()
      const two = await mesh.tunnel()
      one.write('GET /slow/1 HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
      two.write('GET /slow/2 HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
      await until(() => one.partial.bytes === 5 && two.partial.bytes === 5)
      judge(allowAll, denySlow)
      assert.equal(await one.ended, 'reset-error')
      const record = await mesh.record(1)
      assert.deepEqual([record.path, record.status, record.details], ['/slow/1', 200, DENIED])
      assert.equal(record.authorization?.policy, 'shop/deny')
      await arrivals()
      assert.equal(mesh.counters.activeExchanges, 1)
      two.channel.abort()
    })
  }

  test('by HTTP/2: its stream is reset, and the others of the connection go on', async () => {
    const pods = await start()
    const client = await openInner(await mesh.dial(), VIP)
    await until(() => client.h2.hasSettings)
    const streams = ['/slow/1', '/slow/2'].map((path) => openH2(client, path))
    await until(() => streams.every(({ text }) => text === 'hello'))
    judge(denySlow)
    await until(() => streams[0]?.end !== 'open')
    assert.equal(streams[0]?.end, 2)
    assert.equal((await mesh.record(1)).details, DENIED)
    await until(() => pods.filter(({ end }) => end === 'open').length === 1)
    pods.find(({ end }) => end === 'open')?.write('0\r\n\r\n')
    await until(() => streams[1]?.end !== 'open')
    // Answered in full; what is left of the request is not wanted.
    assert.equal(streams[1]?.end, 0)
    client.reset(true)
  })

  test('that is still waiting for its answer gets 403', async () => {
    await start()
    const tunnel = await mesh.tunnel()
    tunnel.write('GET /silent/1 HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => mesh.pod.requests === 1)
    judge(denySlow)
    const { head, body } = await tunnel.answer()
    assert.deepEqual([head.status, body.toString()], [403, 'RBAC: access denied'])
    assert.equal((await mesh.record(1)).details, DENIED)
  })

  test('of gRPC that is waiting is told PERMISSION_DENIED', async () => {
    await start()
    const client = await openInner(await mesh.dial(), VIP)
    await until(() => client.h2.hasSettings)
    const call = openH2(client, '/silent/1', ['content-type', 'application/grpc', 'te', 'trailers'])
    await until(() => mesh.pod.tunnels.length === 1 && mesh.counters.activeExchanges === 1)
    judge(denySlow)
    await until(() => call.end !== 'open')
    const record = await mesh.record(1)
    assert.deepEqual([call.status, record.grpcStatus, record.details], ['200', '7', DENIED])
    client.reset(true)
  })

  for (const [by, conditions] of [
    ['its path', { path: ['/chat/1'] }],
    ['what it is', { upgrade: ['websocket'] }],
  ] as const) {
    test(`that has become a WebSocket, denied by ${by}: the connection ends on both sides`, async () => {
      const pods = await start()
      const tunnel = await mesh.tunnel()
      tunnel.write('GET /chat/1 HTTP/1.1\r\nhost: api\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 'GET')
      await until(() => tunnel.partial.head?.status === 101 || mesh.counters.activeExchanges === 1)
      await arrivals()
      judge(deny(conditions))
      assert.equal(await tunnel.ended, 'reset-error')
      await until(() => pods[0]?.end !== 'open')
      const record = await mesh.record(1)
      assert.deepEqual([record.upgrade, record.status, record.details], ['websocket', 101, DENIED])
    })
  }
})

describe('what policies are asked about again', () => {
  const rewriting: MeshOptions = {
    filters: [
      {
        kind: 'Rewrite',
        stage: 'shape',
        config: anything(),
        create: () => ({
          onRequest: ({ request }) => {
            request.path = '/slow/rewritten'
            request.headers.set('x-role', 'changed')
          },
        }),
      },
    ],
    rule: { filters: [{ kind: 'Rewrite', config: {}, origin: 'test' }] },
  }
  for (const before of ['no policy', 'another policy'] as const) {
    for (const version of [1, 2] as const) {
      test(`is what came, whatever filters made of it: HTTP/${version}, ${before}`, async () => {
        await start(rewriting)
        if (before === 'another policy') judge(allowAll)
        const client = await mesh.dial()
        const inner = version === 2 ? await openInner(client, VIP) : undefined
        await until(() => inner === undefined || inner.h2.hasSettings)
        const tunnel = inner === undefined ? await openTunnel(client, VIP) : undefined
        tunnel?.write('GET /x/../slow/1 HTTP/1.1\r\nhost: api\r\nx-role: guest\r\ncookie: a=1; b=2\r\n\r\n', 'GET')
        if (inner !== undefined) openH2(inner, '/x/../slow/1', ['x-role', 'guest', 'cookie', 'a=1', 'cookie', 'b=2'])
        await until(() => mesh.pod.tunnels.some(({ seen }) => seen.includes('/slow/rewritten')))
        judge(deny({ path: ['/slow/rewritten'] }), policyOf('ALLOW', { 'x-role': ['guest'] }))
        await arrivals()
        judge(allowAll, deny({ 'x-role': ['changed'] }))
        await arrivals()
        judge(deny({ 'not cookie': ['a=1; b=2'] }))
        await arrivals()
        assert.equal(mesh.counters.activeExchanges, 1)
        judge(
          deny({ path: ['/slow/1'], 'x-role': ['guest'], host: ['api'], cookie: ['a=1; b=2'], 'x-request-id': ['*'] }),
        )
        assert.equal((await mesh.record(1)).details, DENIED)
        inner?.reset(true)
      })
    }
  }
})

test('policies that are taken away, or stay as they are, end nothing', async () => {
  await start()
  judge(allowAll)
  const tunnel = await mesh.tunnel()
  tunnel.write('GET /slow/1 HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => tunnel.partial.bytes === 5)
  for (const policies of [[], [allowAll], [allowAll], []]) {
    judge(...policies)
    await arrivals()
  }
  assert.equal(mesh.counters.activeExchanges, 1)
  judge(denySlow)
  assert.equal(await tunnel.ended, 'reset-error')
})

describe('a connection', () => {
  const echo = (socket: Socket): void => void socket.pipe(socket)

  for (const transport of ['plain', 'hbone'] as const) {
    test(`that is carried (${transport}) is reset on both sides when it is not permitted any more`, async () => {
      const tcp = await TcpMesh.start(transport)
      close = () => tcp.close()
      const { port, sockets } = await tcp.serve(echo)
      tcp.put({ services: { api: [port] } })
      const web = await openStream(await tcp.mesh.dial({ identity: identityOf('web') }), VIP)
      const other = await tcp.open()
      for (const stream of [web, other]) {
        stream.write('hello')
        assert.equal(await readBytes(stream, 5), 'hello')
      }
      const fromWeb = [{ field: { kind: 'source.principal' }, values: ['*/sa/web'], notValues: [], path: '' }] as const
      const policy: AuthorizationPolicy = {
        ...policyOf('ALLOW', {}),
        rules: [{ from: [fromWeb], to: [], when: [] }],
      }
      tcp.put({ services: { api: [port] }, policies: [policy] })
      await until(() => other.ending !== 'open')
      assert.equal(other.ending, 'reset-error')
      await until(() => sockets.filter(({ destroyed }) => destroyed).length === 1)
      const record = await tcp.mesh.record(1)
      assert.deepEqual(
        [record.details, record.termination, record.authorization?.verdict],
        ['rbac_access_denied_matched_policy[none]', 'policies have changed', 'deny'],
      )
      web.write('again')
      assert.equal(await readBytes(web, 5), 'again')
      web.channel.abort()
    })
  }
})
