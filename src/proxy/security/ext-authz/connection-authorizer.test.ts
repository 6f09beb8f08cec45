import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { everything, settingsOf } from '../../../../test/support/ext-authz/authz-mesh.ts'
import { startCheckServer, type CheckServer } from '../../../../test/support/ext-authz/check-server.ts'
import { identityOf, until } from '../../../../test/support/mesh/mesh.ts'
import { chatty, TcpMesh } from '../../../../test/support/mesh/tcp-mesh.ts'
import { readBytes, type TunnelStream } from '../../../../test/support/mesh/tunnel-stream.ts'
import { serviceOf } from '../../../../test/support/models.ts'
import { formatEndpointKey } from '../../../model/endpoint.ts'
import type { AuthorizationPolicy } from '../../../model/security/authorization.ts'
import type { ExternalAuthorization } from '../../../model/security/external-authorization.ts'

let tcp: TcpMesh
let provider: CheckServer
afterEach(async () => {
  await tcp.close()
  provider.close()
})

const ask = (name: string): AuthorizationPolicy => ({
  key: `shop/${name}`,
  action: 'CUSTOM',
  isDryRun: false,
  provider: name,
  rules: [everything],
})

/** A TCP application behind CUSTOM policies of these providers, all of them at one place. */
const start = async (
  answer: CheckServer['answer'],
  settings: Partial<ExternalAuthorization> = {},
  {
    names = ['authz'],
    policies = [],
  }: { readonly names?: readonly string[]; readonly policies?: readonly AuthorizationPolicy[] } = {},
): Promise<{ readonly sockets: readonly unknown[] }> => {
  provider = await startCheckServer(answer)
  tcp = await TcpMesh.start('plain')
  const app = await tcp.serve(chatty('app'))
  const { mesh } = tcp
  const authorizations = [...names.map(ask), ...policies]
  const at = (address: string, port: number) => mesh.endpoint(address, { port, transport: 'plain' })
  mesh.apply(
    mesh.model({
      services: [serviceOf({ protocol: 'tcp' }, { authorizations: authorizations.map(({ key }) => key) })],
      authorizations,
      providers: names.map((key) => ({ key, kind: 'usable', settings: settingsOf(settings) })),
      endpoints: [
        { key: formatEndpointKey('shop', 'api', 80), endpoints: [at(tcp.at.address, app.port)] },
        { key: formatEndpointKey('shop', 'authz', 80), endpoints: [at('127.0.0.1', provider.port)] },
      ],
    }),
  )
  return app
}

const isRefused = async (stream: TunnelStream): Promise<void> => {
  stream.resume()
  await until(() => stream.ending !== 'open', 'the connection to be closed')
  assert.notEqual(stream.ending, 'end')
}

describe('a connection that a CUSTOM policy matches', () => {
  it('is carried when the provider says so, with what came meanwhile', async () => {
    await start(() => ({ code: 0 }))
    const stream = await tcp.open()
    stream.write('hello\n')
    assert.equal(await readBytes(stream, 8 + 6), '220 app\nHELLO\n')
    stream.end()
    await until(() => stream.ending !== 'open')
    const [check] = provider.seen
    assert.deepEqual(check?.source, { address: '127.0.0.1', principal: identityOf('client') })
    assert.deepEqual(
      [check?.hasRequest, check?.destination.port, check?.destination.address],
      [false, 80, '10.96.0.12'],
    )
    assert.equal(tcp.mesh.counters.externalAuthorization.allowed, 1)
  })

  it('is closed when the provider refuses it', async () => {
    const app = await start(() => ({ code: 7 }))
    await isRefused(await tcp.open())
    const { flags, details, authorization } = await tcp.mesh.record(1)
    assert.deepEqual([flags, details, authorization?.policy], ['UAEX', 'ext_authz_denied', 'shop/authz'])
    assert.equal(app.sockets.length, 0)
  })

  it('is closed when there is no answer, and carried where the settings say so', async () => {
    await start(() => 'silence', { timeoutMs: 50 })
    await isRefused(await tcp.open())
    assert.equal((await tcp.mesh.record(1)).details, 'ext_authz_error')
    assert.match(tcp.mesh.logs.join(''), /no whole answer within 50 ms; the connection is closed/)
  })

  it('is carried without an answer where the settings say so', async () => {
    await start(() => 'silence', { timeoutMs: 50, failOpen: true })
    const stream = await tcp.open()
    assert.equal(await readBytes(stream, 8), '220 app\n')
    stream.end()
    await until(() => stream.ending !== 'open')
    assert.equal(tcp.mesh.counters.externalAuthorization.failedOpen, 1)
  })

  it('cannot be asked about over HTTP', async () => {
    await start(() => ({ code: 0 }), { protocol: 'http' })
    await isRefused(await tcp.open())
    assert.match(tcp.mesh.logs.join(''), /it speaks HTTP, and can be asked about requests only/)
  })

  it('is not asked about when it is denied anyway', async () => {
    const deny: AuthorizationPolicy = { key: 'shop/no', action: 'DENY', isDryRun: false, rules: [everything] }
    await start(() => ({ code: 0 }), {}, { policies: [deny] })
    await assert.rejects(tcp.open(), /401/)
    assert.equal(provider.seen.length, 0)
  })

  it('has each of several providers asked', async () => {
    let count = 0
    await start(() => ({ code: ++count === 2 ? 7 : 0 }), {}, { names: ['a', 'b'] })
    await isRefused(await tcp.open())
    assert.equal(provider.seen.length, 2)
    assert.equal((await tcp.mesh.record(1)).authorization?.policy, 'shop/b')
  })

  it('has the question given up when its client goes away', async () => {
    await start(() => 'silence')
    const stream = await tcp.open()
    await until(() => provider.seen.length === 1)
    stream.channel.abort()
    await until(() => provider.cancelled === 1)
    assert.equal(tcp.mesh.counters.externalAuthorization.failed, 0)
  })
})
