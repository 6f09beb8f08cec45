import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { authzModel, startAuthzMesh, type AuthzMeshOptions } from '../../../../../test/support/ext-authz/authz-mesh.ts'
import { startCheckServer, type CheckServer } from '../../../../../test/support/ext-authz/check-server.ts'
import type { ClientTunnel } from '../../../../../test/support/mesh/client-tunnel.ts'
import { identityOf, type Mesh, until } from '../../../../../test/support/mesh/mesh.ts'

let mesh: Mesh
let provider: CheckServer
afterEach(async () => {
  await mesh.close()
  provider.close()
})

const start = async (
  answer?: CheckServer['answer'],
  options: Partial<AuthzMeshOptions> = {},
): Promise<ClientTunnel> => {
  provider = await startCheckServer(answer)
  mesh = await startAuthzMesh({ port: provider.port, ...options })
  return mesh.tunnel()
}

describe('a provider that speaks gRPC', () => {
  it('is told who asks whom for what', async () => {
    const tunnel = await start()
    const upgrade = 'connection: upgrade\r\nupgrade: h2c, chat\r\n'
    const fields = `${upgrade}x-request-id: r-1\r\naccept: a\r\naccept: b\r\nx-name: M\xc3\xbcller\r\n`
    const { head } = await tunnel.request('GET', '/a/../b%41?x=/../y', fields)
    assert.equal(head.status, 200)
    const [check] = provider.seen
    assert.deepEqual(check?.source, { address: '127.0.0.1', principal: identityOf('client') })
    assert.deepEqual(check?.destination, {
      address: '10.96.0.12',
      port: 80,
      service: 'api.shop.svc.cluster.local',
      principal: identityOf('api'),
    })
    assert.deepEqual(
      [check?.id, check?.method, check?.path, check?.host, check?.scheme, check?.size, check?.protocol, check?.body],
      ['r-1', 'GET', '/bA?x=/../y', 'api', 'http', -1, 'HTTP/1.1', ''],
    )
    assert.ok(Math.abs((check?.seconds ?? 0) - Date.now() / 1000) < 100)
    assert.equal(check?.headers[':path'], '/bA?x=/../y')
    assert.equal(check?.headers[':authority'], 'api')
    assert.equal(check?.headers['accept'], 'a,b')
    assert.equal(check?.headers['x-name'], 'Müller')
    assert.equal(check?.headers['host'], undefined)
    assert.equal(check?.headers['upgrade'], 'chat')
    assert.deepEqual([mesh.counters.externalAuthorization.allowed, (await mesh.record(1)).flags], [1, '-'])
  })

  it('is told of the scheme what the client says', async () => {
    await (await start()).get('/', 'x-forwarded-proto: https\r\n')
    const [check] = provider.seen
    assert.deepEqual([check?.scheme, check?.headers[':scheme']], ['https', 'https'])
  })

  it('is asked only for what a rule matches', async () => {
    const path = { field: { kind: 'request.path' }, values: ['/admin*'], notValues: [], path: 'p' } as const
    const tunnel = await start(() => ({ code: 7 }), { rules: [{ from: [], to: [[path]], when: [] }] })
    assert.equal((await tunnel.get('/')).head.status, 200)
    assert.equal((await tunnel.get('/x/../admin/a')).head.status, 403)
    assert.deepEqual([provider.seen.length, mesh.pod.requests], [1, 1])
  })

  it('refuses with a status, fields and a body of its own', async () => {
    const headers = [
      { name: 'Location', value: 'https://login/' },
      { name: 'x-ü', value: 'a' },
      { name: ':status', value: '200' },
      { name: 'content-length', value: '7' },
      { name: 'transfer-encoding', value: 'chunked' },
    ]
    const tunnel = await start(() => ({ code: 16, denied: { status: 302, headers, body: 'go' } }))
    const { head, body } = await tunnel.get('/')
    assert.deepEqual([head.status, head.headers.get('location'), String(body)], [302, 'https://login/', 'go'])
    assert.equal(head.headers.get('x-ü'), undefined)
    const { flags, details, authorization } = await mesh.record(1)
    assert.deepEqual([flags, details, authorization?.policy], ['UAEX', 'ext_authz_denied', 'shop/ask'])
    assert.deepEqual([mesh.pod.requests, mesh.counters.externalAuthorization.denied], [0, 1])
  })

  for (const status of [0, 100, 99, 700, -1]) {
    it(`refuses with 403 where it says ${status}`, async () => {
      const tunnel = await start(() => ({ code: 7, denied: { status } }))
      assert.equal((await tunnel.get('/')).head.status, 403)
    })
  }

  it('changes the request, and the response', async () => {
    const ok = {
      headers: [
        { name: 'X-User', value: 'anna' },
        { name: 'x-role', value: 'b', append: true },
        { name: 'x-new', value: 'c', append: true },
        { name: 'x-set', value: 'd', action: 2 },
        { name: 'x-absent', value: 'e', action: 1 },
        { name: 'x-set', value: 'f', action: 1 },
        { name: 'x-none', value: 'g', action: 3 },
        { name: 'x-raw', raw: Buffer.from('ü') },
        { name: 'x-text', value: 'ü' },
      ],
      remove: ['Authorization', 'x-secret'],
      response: [
        { name: 'x-rate', value: '5' },
        { name: 'x-pod', value: 'hidden' },
      ],
      querySet: [
        ['user', 'a b&c'],
        ['x', '9'],
      ] as const,
      queryRemove: ['token'],
    }
    const tunnel = await start(() => ({ code: 0, ok }))
    const spoofed = 'x-user: root\r\nx-role: a\r\nx-set: z\r\nauthorization: Bearer t\r\nx-secret: s\r\n'
    const { head } = await tunnel.request('GET', '/p?x=1&token=t&%74oken=u&x=2&y=3', spoofed)
    assert.equal(head.headers.get('x-rate'), '5')
    const [request] = mesh.pod.tunnels[0]?.requests ?? []
    assert.equal(request?.head.target, '/p?x=9&y=3&user=a%20b%26c')
    const named = (name: string): string | undefined => request?.head.headers.get(name)
    const names = ['x-user', 'x-role', 'x-new', 'x-set', 'x-absent', 'x-none', 'authorization', 'x-secret']
    assert.deepEqual(names.map(named), ['anna', 'a, b', 'c', 'd', 'e', undefined, undefined, undefined])
    const bytes = Buffer.from('ü').toString('latin1')
    assert.deepEqual(['x-raw', 'x-text'].map(named), [bytes, bytes])
  })

  it('may not say where a request goes or ends, nor who the client is', async () => {
    const names = [':path', ':method', ':authority', 'host', 'content-length', 'transfer-encoding', 'connection']
    const identity = { name: 'x-forwarded-client-cert', value: 'URI=spiffe://x' }
    const ok = { headers: [...names.map((name) => ({ name, value: '7' })), identity], remove: ['host', ':path'] }
    const tunnel = await start(() => ({ code: 0, ok, hasMetadata: true }))
    assert.equal((await tunnel.get('/a')).head.status, 200)
    const [request] = mesh.pod.tunnels[0]?.requests ?? []
    assert.deepEqual([request?.head.method, request?.head.target, request?.head.host], ['GET', '/a', 'api'])
    assert.equal(request?.head.headers.get('x-forwarded-client-cert'), undefined)
    const told = mesh.logs.find((line) => line.includes('not done here')) ?? ''
    assert.match(told, /dynamic_metadata, :path, :method, :authority, host, content-length/)
  })

  it('that answers a gRPC call with a refusal is understood by its client', async () => {
    const tunnel = await start(() => ({ code: 7, denied: { status: 401, body: 'no' } }))
    const { head } = await tunnel.request('POST', '/a.B/C', 'content-type: application/grpc\r\ncontent-length: 0\r\n')
    assert.deepEqual(
      [head.status, head.headers.get('grpc-status'), head.headers.get('grpc-message')],
      [200, '16', 'no'],
    )
  })

  it('has what it changed looked at by the routes', async () => {
    const headers = [{ type: 'Exact' as const, name: 'x-tier', value: 'gold' }]
    const match = { path: { type: 'PathPrefix' as const, value: '/' }, headers, queryParams: [] }
    const tunnel = await start(() => ({ code: 0, ok: { headers: [{ name: 'x-tier', value: 'gold' }] } }), {
      rule: { matches: [match] },
    })
    assert.equal((await tunnel.get('/')).head.status, 200)
  })

  it('is one of several, and each may refuse', async () => {
    const tunnel = await start()
    const model = authzModel(mesh, { port: provider.port })
    const [policy] = model.authorizations
    const [known] = model.providers ?? []
    assert.ok(policy !== undefined && known?.kind === 'usable')
    const others = ['b', 'c'].map((name) => ({ ...policy, key: `shop/${name}`, provider: name }))
    mesh.apply({
      ...model,
      authorizations: [policy, ...others],
      services: model.services.map((service) => ({ ...service, authorizations: ['shop/ask', 'shop/b', 'shop/c'] })),
      providers: [known, { ...known, key: 'b' }, { ...known, key: 'c' }],
    })
    provider.answer = () => ({ code: provider.seen.length === 2 ? 7 : 0 })
    assert.equal((await tunnel.get('/')).head.status, 403)
    assert.equal(provider.seen.length, 2)
    provider.answer = () => ({ code: 0 })
    assert.equal((await tunnel.get('/')).head.status, 200)
    assert.equal(provider.seen.length, 5)
  })

  it('is asked again for the next request, over the same connection', async () => {
    const tunnel = await start()
    for (let i = 0; i < 3; i++) assert.equal((await tunnel.get('/')).head.status, 200)
    assert.equal(provider.seen.length, 3)
    assert.equal(mesh.counters.upstreamConnectionsTotal, 2)
  })

  it('gets no question of a frontend without such a policy', async () => {
    const tunnel = await start()
    const model = mesh.model()
    mesh.apply(model)
    assert.equal((await tunnel.get('/')).head.status, 200)
    assert.equal(provider.seen.length, 0)
  })
})

const FAIL = { fails: grpc.status.UNAVAILABLE }
const failures: readonly (readonly [name: string, outcome: ReturnType<CheckServer['answer']>, why: RegExp])[] = [
  ['fails', FAIL, /gRPC status 14: as you wish/],
  ['reports an error', { code: 13, isError: true }, /error of its own/],
  ['says nothing', {}, /has no status/],
  ['says what is no message', Buffer.from('ffffffff', 'hex'), /no CheckResponse/],
  ['says it in another type', Buffer.from('0801', 'hex'), /field 1 is of another type/],
  ['is cut off', Buffer.from('0a0508', 'hex'), /no CheckResponse/],
  ['has a field that is none', { code: 0, ok: { headers: [{ name: 'a b', value: 'c' }] } }, /no field name/],
  ['has a value that is none', { code: 0, ok: { headers: [{ name: 'a', value: 'b\r\nc: d' }] } }, /value of a/],
  ['says too much', { code: 7, denied: { body: 'x'.repeat(300_000) } }, /an answer of more than 262144 bytes/],
  ['has huge fields', { code: 0, ok: { headers: [{ name: 'a', value: 'b'.repeat(300_000) }] } }, /more than 262144/],
]

describe('a provider that', () => {
  for (const [name, outcome, why] of failures) {
    it(`${name} has the request refused`, async () => {
      const tunnel = await start(() => outcome)
      const { head, body } = await tunnel.get('/')
      assert.deepEqual([head.status, String(body)], [403, ''])
      const { flags, details } = await mesh.record(1)
      assert.deepEqual([flags, details, mesh.pod.requests], ['UAEX', 'ext_authz_error', 0])
      assert.match(mesh.logs.join(''), why)
    })
    it(`${name} has the request pass where its settings say so`, async () => {
      const tunnel = await start(() => outcome, { settings: { failOpen: true } })
      assert.equal((await tunnel.get('/')).head.status, 200)
      const { failed, failedOpen } = mesh.counters.externalAuthorization
      assert.deepEqual([failed, failedOpen, mesh.pod.requests], [1, 1, 1])
      const added = [...(mesh.pod.tunnels[0]?.requests[0]?.head.headers ?? [])].some(([field]) => field === 'a')
      assert.equal(added, false)
    })
  }

  it('does not answer in time has the request refused with the status that it is to have', async () => {
    const tunnel = await start(() => 'silence', { settings: { timeoutMs: 50, statusOnError: 503 } })
    assert.equal((await tunnel.get('/')).head.status, 503)
    assert.match(mesh.logs.join(''), /no whole answer within 50 ms; the request is answered 503/)
    await until(() => provider.cancelled === 1)
  })

  it('has no endpoint has the request refused', async () => {
    const tunnel = await start(undefined, { port: 0 })
    assert.equal((await tunnel.get('/')).head.status, 403)
    assert.match(mesh.logs.join(''), /no endpoint of it is ready/)
  })

  it('nobody knows has the request refused, and others pass', async () => {
    const tunnel = await start()
    const { providers: _providers, ...model } = authzModel(mesh, { port: provider.port })
    mesh.apply(model)
    assert.equal((await tunnel.get('/')).head.status, 403)
    const reason = 'its Service shop/authz is not there'
    mesh.apply({ ...model, providers: [{ key: 'authz', kind: 'closed', reason }] })
    assert.equal((await tunnel.get('/')).head.status, 403)
    mesh.apply(authzModel(mesh, { port: provider.port }))
    assert.equal((await tunnel.get('/')).head.status, 200)
    assert.equal(provider.seen.length, 1)
    assert.match(mesh.logs.join(''), /provider authz of AuthorizationPolicy shop\/ask: the mesh has no such/)
  })

  it('is asked by a client who goes away hears of it', async () => {
    const tunnel = await start(() => 'silence')
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => provider.seen.length === 1)
    tunnel.channel.abort()
    await until(() => provider.cancelled === 1)
    assert.equal(mesh.counters.externalAuthorization.failed, 0)
  })

  it('listens no more has the request refused', async () => {
    const tunnel = await start()
    provider.close()
    assert.equal((await tunnel.get('/')).head.status, 403)
  })
})
