import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { advanceInSteps, createFakeClock } from '../../../test/support/fake-clock.ts'
import { identityOf, Mesh, until, VIP, type MeshOptions } from '../../../test/support/mesh/mesh.ts'
import { openTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { TcpMesh } from '../../../test/support/mesh/tcp-mesh.ts'
import { openStream, readBytes } from '../../../test/support/mesh/tunnel-stream.ts'
import { realHello } from '../../../test/support/tls/hello-bytes.ts'
import type { AuthorizationPolicy, FieldCondition } from '../../model/security/authorization.ts'

type Rule = AuthorizationPolicy['rules'][number]

const on = (field: FieldCondition['field'], ...values: readonly string[]): FieldCondition => ({
  field,
  values,
  notValues: [],
  path: field.kind,
})

const policy = (
  name: string,
  action: AuthorizationPolicy['action'],
  ...rules: readonly Partial<Rule>[]
): AuthorizationPolicy => ({
  key: `shop/${name}`,
  action,
  isDryRun: name.startsWith('dry'),
  rules: rules.map((rule) => ({ from: [], to: [], when: [], ...rule })),
})

const fromWeb: Partial<Rule> = { from: [[on({ kind: 'source.principal' }, 'cluster.local/ns/shop/sa/web')]] }
const toAdmin: Partial<Rule> = { to: [[on({ kind: 'request.path' }, '/admin', '/admin/*')]] }

let mesh: Mesh | TcpMesh
afterEach(() => mesh.close())

/** Policies in force on all Services of a waypoint. */
const judge = (of: Mesh, ...policies: readonly AuthorizationPolicy[]): void => {
  const model = of.model()
  const authorizations = policies.map(({ key }) => key)
  of.apply({
    ...model,
    authorizations: policies,
    services: model.services.map((service) => ({ ...service, authorizations })),
  })
}

const start = async (): Promise<Mesh> => {
  const started = await Mesh.start({
    pods: [
      {
        onRequest: (tunnel, { head }) =>
          tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${head.target.length}\r\n\r\n${head.target}`),
      },
    ],
  })
  mesh = started
  return started
}

test('a request is let through or answered with 403, and the record says by what', async () => {
  const http = await start()
  judge(http, policy('admins', 'DENY', toAdmin), policy('web', 'ALLOW', fromWeb))
  const web = await openTunnel(await http.dial({ identity: identityOf('web') }), VIP)
  const other = await http.tunnel()
  assert.equal((await web.get('/ok')).head.status, 200)
  assert.equal((await http.record(1)).authorization?.policy, 'shop/web')
  const denied = await web.get('/x/../admin/users')
  assert.deepEqual([denied.head.status, denied.body.toString()], [403, 'RBAC: access denied'])
  const record = await http.record(2)
  assert.equal(record.details, 'rbac_access_denied_matched_policy[ns[shop]-policy[admins]-rule[0]]')
  assert.deepEqual([record.authorization?.verdict, record.endpoint], ['deny', undefined])
  assert.equal((await other.get('/ok')).head.status, 403)
  assert.equal((await http.record(3)).details, 'rbac_access_denied_matched_policy[none]')
})

test('how the client says that it asked decides nothing', async () => {
  const http = await start()
  const asked = on({ kind: 'request.headers', name: ':scheme' }, 'https')
  judge(http, policy('https', 'ALLOW', { when: [asked] }))
  const tunnel = await http.tunnel()
  assert.equal((await tunnel.get('/', 'x-forwarded-proto: https\r\n')).head.status, 403)
  assert.equal((await tunnel.get('https://api/')).head.status, 403)
})

test('policies are in force from the next request on, on the same connection', async () => {
  const http = await start()
  judge(http)
  const tunnel = await http.tunnel()
  assert.equal((await tunnel.get('/admin')).head.status, 200)
  judge(http, policy('admins', 'DENY', toAdmin))
  assert.equal((await tunnel.get('/admin')).head.status, 403)
  judge(http)
  assert.equal((await tunnel.get('/admin')).head.status, 200)
})

test('HTTP/1.0 without a Host is for the host that the endpoint is told', async () => {
  const http = await start()
  const tunnel = await http.tunnel()
  for (const [hosts, status] of [
    ['api.shop.svc.cluster.local', 403],
    ['other.shop.svc.cluster.local', 200],
  ] as const) {
    judge(http, policy('hosts', 'DENY', { to: [[on({ kind: 'request.host' }, hosts)]] }))
    tunnel.write('GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n', 'GET')
    assert.equal((await tunnel.answer()).head.status, status, hosts)
  }
  assert.equal(http.pod.tunnels[0]?.requests[0]?.head.host, 'api.shop.svc.cluster.local')
})

test('what only watches is noted, and changes nothing', async () => {
  const http = await start()
  judge(
    http,
    policy('dry-audited', 'AUDIT', toAdmin),
    policy('dry-deny', 'DENY', toAdmin),
    policy('dry-web', 'ALLOW', fromWeb),
  )
  const tunnel = await http.tunnel()
  assert.equal((await tunnel.get('/admin')).head.status, 200)
  const notes = (await http.record(1)).authorizationNotes?.map(({ action, policy: by, verdict, mode }) => [
    ...[action, by, verdict, mode],
  ])
  assert.deepEqual(notes, [
    ['AUDIT', 'shop/dry-audited', 'allow', 'enforce'],
    ['DENY', 'shop/dry-deny', 'deny', 'dry-run'],
    [undefined, undefined, 'deny', 'dry-run'],
  ])
})

test('what a CUSTOM rule matches is refused as long as nobody can be asked', async () => {
  const http = await start()
  judge(http, policy('ask', 'CUSTOM', toAdmin))
  const tunnel = await http.tunnel()
  assert.equal((await tunnel.get('/admin')).head.status, 403)
  assert.equal((await tunnel.get('/ok')).head.status, 200)
})

test('a key without a policy denies', async () => {
  const http = await start()
  const model = http.model()
  const services = model.services.map((service) => ({ ...service, authorizations: ['shop/lost'] }))
  http.apply({ ...model, services })
  assert.equal((await (await http.tunnel()).get('/')).head.status, 403)
})

const echo = (socket: Socket): void => void socket.pipe(socket)

const startTcp = async (options: MeshOptions = {}): Promise<TcpMesh> => {
  const tcp = await TcpMesh.start('plain', options)
  mesh = tcp
  return tcp
}

for (const [protocol, refusal] of [
  ['tcp', '401'],
  ['unknown', 'reset-error'],
] as const) {
  test(`a connection to a port of ${protocol} is carried or refused as its policies have it`, async () => {
    const tcp = await startTcp()
    const { port } = await tcp.serve(echo)
    tcp.put({ protocol, services: { api: [port] }, policies: [policy('web', 'ALLOW', fromWeb)] })
    const web = await openStream(await tcp.mesh.dial({ identity: identityOf('web') }), VIP)
    // No method of HTTP begins like this.
    web.write('\0hello')
    assert.equal(await readBytes(web, 6), '\0hello')
    assert.equal(await endingOf(tcp), refusal)
    const record = await tcp.mesh.record(1)
    assert.deepEqual([record.flags, record.details], ['-', 'rbac_access_denied_matched_policy[none]'])
    assert.deepEqual([record.authorization?.verdict, record.source.serviceAccount], ['deny', 'client'])
    assert.ok(tcp.mesh.logs.some((line) => line.includes('rbac_access_denied_matched_policy[none]')))
    assert.equal(tcp.mesh.counters.connectRefused.denied, protocol === 'tcp' ? 1 : 0)
    assert.equal(tcp.mesh.counters.tcpConnectionsTotal, 2)
    web.channel.abort()
  })
}

/** How a client that is let in nowhere is told so. */
const endingOf = async (tcp: TcpMesh): Promise<string> => {
  try {
    const stream = await tcp.open()
    stream.write('\0hello')
    await until(() => stream.ending !== 'open')
    return stream.ending
  } catch (error) {
    return /\b40[0-9]\b/.exec(String(error))?.[0] ?? String(error)
  }
}

for (const protocol of ['tcp', 'tls', 'unknown'] as const) {
  test(`on a port of ${protocol} the server name is looked for where a policy asks for it`, async () => {
    const clock = createFakeClock()
    const tcp = await startTcp({ clock })
    const { port } = await tcp.serve(echo)
    const sni: Partial<Rule> = { when: [on({ kind: 'connection.sni' }, '*.evil.example')] }
    tcp.put({ protocol, services: { api: [port] }, policies: [policy('evil', 'DENY', sni)] })
    const evil = await tcp.open()
    evil.write(await realHello({ servername: 'A.evil.example' }))
    await until(() => evil.ending !== 'open')
    assert.equal(evil.ending, 'reset-error')
    const { sni: name, details } = await tcp.mesh.record(1)
    assert.deepEqual(
      [name, details],
      ['a.evil.example', 'rbac_access_denied_matched_policy[ns[shop]-policy[evil]-rule[0]]'],
    )
    const hello = await realHello({ servername: 'good.example' })
    const good = await tcp.open()
    good.write(hello)
    assert.equal((await readBytes(good, hello.length)).length, hello.length)
    good.channel.abort()
    const plain = await tcp.open()
    plain.write('hello')
    // It may be the method of a request until nothing has followed for so long.
    await advanceInSteps(clock, 5000)
    assert.equal(await readBytes(plain, 5), 'hello')
    plain.channel.abort()
  })
}

test('a connection on which nothing was said in time is refused where a policy asks for its server name', async () => {
  const clock = createFakeClock()
  const tcp = await TcpMesh.start('plain', { clock })
  mesh = tcp
  const { port } = await tcp.serve(echo)
  const sni: Partial<Rule> = { when: [on({ kind: 'connection.sni' }, 'evil.example')] }
  tcp.put({ protocol: 'unknown', services: { api: [port] }, policies: [policy('evil', 'DENY', sni)] })
  const silent = await tcp.open()
  await advanceInSteps(clock, 20_000)
  await until(() => silent.ending !== 'open')
  assert.equal((await tcp.mesh.record(1)).details, 'tls_client_hello_timeout')
})
