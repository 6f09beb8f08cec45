/** What is under way when a provider is to be asked that was not, and when a policy comes that nobody can carry out. */
import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { everything, settingsOf } from '../../../../test/support/ext-authz/authz-mesh.ts'
import { startCheckServer, type CheckServer } from '../../../../test/support/ext-authz/check-server.ts'
import { policyOf } from '../../../../test/support/hostile/policies.ts'
import { Mesh, until } from '../../../../test/support/mesh/mesh.ts'
import { TcpMesh } from '../../../../test/support/mesh/tcp-mesh.ts'
import { readBytes } from '../../../../test/support/mesh/tunnel-stream.ts'
import { serviceOf } from '../../../../test/support/models.ts'
import { arrivals } from '../../../../test/support/turns.ts'
import { formatEndpointKey } from '../../../model/endpoint.ts'
import type { Model } from '../../../model/model.ts'
import type { AuthorizationPolicy } from '../../../model/security/authorization.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'
const SLOW = 'GET /slow HTTP/1.1\r\nhost: api\r\n\r\n'
const allowAll = policyOf('ALLOW', { path: ['*'] })

const ask = (provider: string): AuthorizationPolicy => ({
  key: `shop/ask-${provider}`,
  action: 'CUSTOM',
  isDryRun: false,
  provider,
  rules: [everything],
})

const startProvider = async (answer: CheckServer['answer']): Promise<CheckServer> => {
  const provider = await startCheckServer(answer)
  ends.push(() => provider.close())
  return provider
}

/** Puts policies in force; each provider that they name listens at the port of its name. */
const judge = (
  mesh: Mesh,
  policies: readonly AuthorizationPolicy[],
  ports: Readonly<Record<string, number>> = {},
  parts: Partial<Model> = {},
): void => {
  const base = { ...mesh.model(), ...parts }
  const authorizations = policies.map(({ key }) => key)
  const providers = Object.keys(ports).map((key) => ({
    key,
    kind: 'usable' as const,
    settings: settingsOf({ endpoints: formatEndpointKey('shop', key, 80), timeoutMs: 20_000 }),
  }))
  const places = Object.entries(ports).map(([name, port]) => ({
    key: formatEndpointKey('shop', name, 80),
    endpoints: [mesh.endpoint('127.0.0.1', { transport: 'plain', port })],
  }))
  mesh.apply({
    ...base,
    authorizations: policies,
    providers,
    endpoints: [...base.endpoints, ...places],
    services: base.services.map((service) => ({
      ...service,
      ...(authorizations.length === 0 ? {} : { authorizations }),
    })),
  })
}

const startMesh = async (): Promise<Mesh> => {
  const mesh = await Mesh.start({
    pods: [{ onHead: (tunnel, { target }) => target === '/slow' && tunnel.write(HEAD), onRequest: () => {} }],
  })
  ends.push(() => mesh.close())
  return mesh
}

describe('a request under way, when a CUSTOM policy comes', () => {
  it('ends when the provider refuses it', async () => {
    const provider = await startProvider(() => ({ code: 7 }))
    const mesh = await startMesh()
    const tunnel = await mesh.tunnel()
    tunnel.write(SLOW, 'GET')
    await until(() => tunnel.partial.bytes === 5)
    judge(mesh, [ask('authz')], { authz: provider.port })
    assert.equal(await tunnel.ended, 'reset-error')
    const { flags, details, authorization } = await mesh.record(1)
    assert.deepEqual([flags, details, authorization?.policy], ['UAEX', 'ext_authz_denied', 'shop/ask-authz'])
    const [check] = provider.seen
    assert.deepEqual([check?.hasRequest, check?.path], [true, '/slow'])
  })

  it('goes on when the provider lets it, who is not asked again whatever other policies come', async () => {
    const provider = await startProvider(() => ({ code: 0 }))
    const mesh = await startMesh()
    const tunnel = await mesh.tunnel()
    tunnel.write(SLOW, 'GET')
    await until(() => tunnel.partial.bytes === 5)
    judge(mesh, [ask('authz')], { authz: provider.port })
    await until(() => mesh.counters.externalAuthorization.allowed === 1)
    judge(mesh, [ask('authz'), allowAll], { authz: provider.port })
    await arrivals()
    assert.deepEqual([provider.seen.length, mesh.counters.activeExchanges], [1, 1])
    tunnel.channel.abort()
  })

  it('ends when there is no provider of that name', async () => {
    const mesh = await startMesh()
    const tunnel = await mesh.tunnel()
    tunnel.write('GET /silent HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => mesh.pod.requests === 1)
    judge(mesh, [ask('nobody')])
    assert.equal((await tunnel.answer()).head.status, 403)
    assert.equal((await mesh.record(1)).details, 'ext_authz_error')
  })

  it('while another provider is asked: both are', async () => {
    const [first, second] = [await startProvider(() => ({ code: 0 })), await startProvider(() => ({ code: 7 }))]
    const mesh = await startMesh()
    const ports = { first: first.port, second: second.port }
    // The second policy comes while the first provider has the question.
    first.answer = () => {
      judge(mesh, [ask('first'), ask('second')], ports)
      return { code: 0 }
    }
    judge(mesh, [ask('first')], ports)
    const tunnel = await mesh.tunnel()
    tunnel.write(SLOW, 'GET')
    assert.equal((await tunnel.answer()).head.status, 403)
    assert.deepEqual([first.seen.length, second.seen.length], [1, 1])
    assert.equal((await mesh.record(1)).details, 'ext_authz_denied')
  })
})

it('a connection that is carried ends when the provider of a CUSTOM policy refuses it', async () => {
  const provider = await startProvider(() => ({ code: 7 }))
  const tcp = await TcpMesh.start('plain')
  ends.push(() => tcp.close())
  const { port } = await tcp.serve((socket) => void socket.pipe(socket))
  tcp.put({ services: { api: [port] } })
  const stream = await tcp.open()
  stream.write('hello')
  assert.equal(await readBytes(stream, 5), 'hello')
  const { mesh } = tcp
  judge(mesh, [ask('authz')], { authz: provider.port }, { services: [serviceOf({ protocol: 'tcp' })] })
  await until(() => stream.ending !== 'open')
  assert.equal(stream.ending, 'reset-error')
  const { details, termination } = await mesh.record(1)
  assert.deepEqual([details, termination], ['ext_authz_denied', 'policies have changed'])
})

describe('when a policy comes that cannot be carried out', () => {
  const closed = { closed: 'AuthorizationPolicy shop/x cannot be carried out' }
  const close = (mesh: Mesh, services = [serviceOf({}, closed)]): void => mesh.apply({ ...mesh.model(), services })

  it('a request that is answered is cut off, and one that waits gets 503', async () => {
    const mesh = await startMesh()
    const [slow, silent] = [await mesh.tunnel(), await mesh.tunnel()]
    slow.write(SLOW, 'GET')
    await until(() => slow.partial.bytes === 5)
    silent.write('GET /silent HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => mesh.pod.requests === 2)
    close(mesh)
    assert.equal(await slow.ended, 'reset-error')
    const { head, body } = await silent.answer()
    assert.deepEqual([head.status, body.toString()], [503, `${closed.closed}\n`])
    await mesh.record(2)
    assert.deepEqual(
      mesh.records.map(({ details }) => details),
      ['closed_by_configuration', 'closed_by_configuration'],
    )
  })

  it('a connection is reset', async () => {
    const tcp = await TcpMesh.start('plain')
    ends.push(() => tcp.close())
    const { port } = await tcp.serve((socket) => void socket.pipe(socket))
    tcp.put({ services: { api: [port] } })
    const stream = await tcp.open()
    stream.write('hello')
    assert.equal(await readBytes(stream, 5), 'hello')
    close(tcp.mesh, [serviceOf({ protocol: 'tcp' }, closed)])
    await until(() => stream.ending !== 'open')
    assert.equal(stream.ending, 'reset-error')
    const { details, termination } = await tcp.mesh.record(1)
    assert.deepEqual([details, termination], ['closed_by_configuration', closed.closed])
  })
})
