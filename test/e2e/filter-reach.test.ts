/** Whom filters may call: hosts outside of the mesh that the operator allows, and other namespaces that let them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { it } from 'node:test'
import { createBackendCa } from '../support/tls/backend-ca.ts'
import { eventually } from './support/eventually.ts'
import { createMesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const NETWORK = '127.71.95'
const TO = '10.96.0.10:80'

/** Calls whom the request names, and says what came of it. */
const askTs = `import { schema, type FilterDefinition } from 'fairway/filter'

const ask: FilterDefinition = {
  kind: 'Ask',
  stage: 'admit',
  config: schema.anything(),
  create: (_config, env) => ({
    onRequest: async ({ request }) => {
      try {
        const response = await env.fetch(request.headers.get('x-ask') ?? '')
        return env.reply(response.status, { body: await response.text() })
      } catch (error) {
        const { code, message } = error as { readonly code?: string; readonly message: string }
        return env.reply(502, { body: \`\${code}: \${message}\` })
      }
    },
  }),
}; export default ask
`

const filter = {
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'Filter',
  metadata: { name: 'ask', namespace: 'shop' },
  spec: {
    module: 'ask.ts',
    // A busy machine is slow.
    budget: { hook: '1s', wait: '20s' },
    targetRefs: [{ group: '', kind: 'Service', name: 'api' }],
  },
}

const grant = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'ReferenceGrant',
  metadata: { name: 'vault', namespace: 'bank' },
  spec: {
    from: [{ group: 'fairway.dev', kind: 'Filter', namespace: 'shop' }],
    to: [{ group: '', kind: 'Service', name: 'vault' }],
  },
}

const inBank = (objects: readonly object[]): readonly object[] =>
  objects.map((object): object => JSON.parse(JSON.stringify(object).replaceAll('"shop"', '"bank"')))

it('a filter calls hosts that the operator allows, and Services whose namespace lets it', async () => {
  const vault = service({
    name: 'vault',
    vip: '10.96.0.11',
    endpoints: [{ address: `${NETWORK}.2`, port: 8080 }],
    isBound: false,
  })
  const objects = [
    gateway,
    ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${NETWORK}.1`, port: 8080 }] }),
    ...inBank(vault),
    filter,
  ]
  await using mesh = await createMesh(objects)
  const filters = join(mesh.dir, 'filters')
  mkdirSync(filters)
  writeFileSync(join(filters, 'ask.ts'), askTs)
  const ca = createBackendCa()
  const caFile = join(mesh.dir, 'company.pem')
  writeFileSync(caFile, ca.pem)
  const outside = createServer(ca.issue(['localhost']), (request, response) => response.end(`hello ${request.url}`))
  outside.listen(0, 'localhost')
  await once(outside, 'listening')
  const { port } = outside.address() as AddressInfo
  using open = new DisposableStack()
  open.defer(() => {
    outside.closeAllConnections()
    outside.close()
  })
  const bank = await mesh.startPod('vault', { address: `${NETWORK}.2`, port: 8080, who: 'bank/vault' })
  const egress = ['--filter-egress', `localhost:${port}`]
  const fairway = await mesh.startFairway(1, ['--filters', filters, ...egress], { NODE_EXTRA_CA_CERTS: caFile })
  const client = await mesh.dial(fairway)
  const ask = async (url: string): Promise<string> => {
    const { status, body } = await client.request(TO, { headers: { 'x-ask': url } })
    return `${status} ${body}`
  }
  const own = `https://localhost:${port}`
  assert.equal(await ask(`${own}/a?b=c`), '200 hello /a?b=c')
  assert.match(await ask(`http://localhost:${port}/`), /^502 ENOTALLOWED: .* only https/)
  assert.match(await ask(`https://localhost:${port + 1}/`), /^502 ENOTALLOWED: .*--filter-egress/)
  // The certificate is for another name.
  assert.match(await ask(`https://127.0.0.1:${port}/`), /^502 ENOTALLOWED: /)
  const calls = (destination: string, outcome: string) =>
    fairway.metric('fairway_filter_fetch_total', { filter: 'shop/ask', destination, outcome })
  assert.equal(await calls(`localhost:${port}`, '2xx'), 1)

  for (const url of ['http://vault.bank/', 'http://vault.bank.svc.cluster.local/']) {
    assert.match(
      await ask(url),
      /^502 ENOTALLOWED: .*bank\/vault is not in namespace shop .*a ReferenceGrant in .*bank/,
    )
  }
  assert.equal(bank.requests(), 0)
  mesh.write([...objects, grant])
  await eventually('the namespace lets it', async () => (await ask('http://vault.bank/')).startsWith('200 '))
  assert.equal(await ask(`${own}/again`), '200 hello /again', 'it is still the same filter')
  mesh.write(objects)
  await eventually('it does not any more', async () => (await ask('http://vault.bank/')).startsWith('502 '))
})
