import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { authzModel, settingsOf } from '../../../../test/support/ext-authz/authz-mesh.ts'
import { startCheckServer, type CheckServer } from '../../../../test/support/ext-authz/check-server.ts'
import type { ClientTunnel } from '../../../../test/support/mesh/client-tunnel.ts'
import { Mesh } from '../../../../test/support/mesh/mesh.ts'
import { backendOf } from '../../../../test/support/models.ts'
import type { FilterDefinition } from '../../../filter/index.ts'
import { createReply } from '../../../filter/reply.ts'
import { anything } from '../../../lib/schema.ts'
import type { Rule } from '../../../model/route.ts'

let mesh: Mesh
let provider: CheckServer
afterEach(async () => {
  await mesh.close()
  provider.close()
})

const externalAuth = { kind: 'ExternalAuth', config: settingsOf(), origin: 'the test' }
const preflight: FilterDefinition = {
  kind: 'Preflight',
  stage: 'preflight',
  config: anything(),
  create: () => ({
    onRequest: ({ request }) => (request.method === 'OPTIONS' ? createReply(204) : undefined),
  }),
}

const hadCredentials: boolean[] = []
const watch: FilterDefinition = {
  kind: 'Watch',
  stage: 'select',
  config: anything(),
  create: () => ({ onRequest: ({ request }) => void hadCredentials.push(request.headers.hasCredentials) }),
}

const start = async (answer: CheckServer['answer'], rule: Partial<Rule>): Promise<ClientTunnel> => {
  provider = await startCheckServer(answer)
  const options = { port: provider.port, rule, filters: [preflight, watch] }
  mesh = await Mesh.start(options)
  // Without the CUSTOM policy.
  const { providers: _providers, authorizations: _authorizations, ...model } = authzModel(mesh, options)
  mesh.apply({ ...model, authorizations: [], services: mesh.model().services })
  return mesh.tunnel()
}

describe('ExternalAuth', () => {
  it('of a rule has its requests asked about, as they are after what stands before it', async () => {
    const tunnel = await start(() => ({ code: 0, ok: { headers: [{ name: 'x-user', value: 'anna' }] } }), {
      filters: [externalAuth],
    })
    const { head } = await tunnel.request('GET', '/a', 'x-user: root\r\nx_user: root\r\n')
    assert.equal(head.status, 200)
    assert.equal(provider.seen[0]?.path, '/a')
    assert.equal(mesh.pod.tunnels[0]?.requests[0]?.head.headers.get('x_user'), undefined)
    assert.equal(mesh.pod.tunnels[0]?.requests[0]?.head.headers.get('x-user'), 'anna')
  })

  it('says who the user is by what it takes out: a shared cache has nothing of it for others', async () => {
    const tunnel = await start(() => ({ code: 0, ok: { remove: ['x-session'] } }), {
      filters: [externalAuth, { kind: 'Watch', config: {}, origin: 'the test' }],
    })
    await tunnel.request('GET', '/', 'x-session: abc\r\n')
    await tunnel.request('GET', '/')
    assert.deepEqual(hadCredentials, [true, false])
  })

  it('refuses what is refused', async () => {
    const tunnel = await start(() => ({ code: 7 }), { filters: [externalAuth] })
    assert.equal((await tunnel.get('/')).head.status, 403)
    const { flags, details, route } = await mesh.record(1)
    assert.deepEqual([flags, details, route], ['UAEX', 'ext_authz_denied', 'HTTPRoute/shop/api'])
  })

  it('comes after the preflight stage, wherever it is written', async () => {
    const filters = [externalAuth, { kind: 'Preflight', config: {}, origin: 'the test' }]
    const tunnel = await start(() => ({ code: 7 }), { filters })
    assert.equal((await tunnel.request('OPTIONS', '/')).head.status, 204)
    assert.equal(provider.seen.length, 0)
  })

  it('of a backend has what goes there asked about', async () => {
    const tunnel = await start(() => ({ code: 7 }), {
      backends: [
        { ...backendOf('api', 1), filters: [externalAuth] },
        { ...backendOf('api', 1), filters: [] },
      ],
    })
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push((await tunnel.get('/')).head.status)
    assert.deepEqual(
      statuses.toSorted((a, b) => a - b),
      [200, 200, 403, 403],
    )
  })

  it('shows the body as bytes, and a second one sees it again', async () => {
    const body = { maxBytes: 100, allowsPartial: false, asBytes: true }
    const filter = { ...externalAuth, config: settingsOf({ body }) }
    const again = { ...filter, config: settingsOf({ body: { ...body, asBytes: false } }), origin: 'the test again' }
    const tunnel = await start(() => ({ code: 0 }), { filters: [filter, again] })
    const { head } = await tunnel.request('POST', '/', 'content-length: 3\r\n', 'a\xffb')
    assert.equal(head.status, 200)
    assert.deepEqual(
      provider.seen.map(({ rawBody, body: text, size }) => [rawBody, text, size]),
      [
        ['a\ufffdb', '', 3],
        ['', 'a\ufffdb', 3],
      ],
    )
    assert.equal(mesh.pod.tunnels[0]?.requests[0]?.body.toString('latin1'), 'a\xffb')
  })
})
