import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Echo } from './support/destination.ts'
import { eventually } from './support/eventually.ts'
import { workerCounts, type RunningFairway } from './support/fairway-process.ts'
import type { Answer, HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { backend, gateway, httpRoute, prefix, service } from './support/objects.ts'

const VIP = '10.96.0.10:80'
const network = '127.71.1'

const headers = (kind: 'Request' | 'Response', change: object): object => {
  const field = kind === 'Request' ? 'requestHeaderModifier' : 'responseHeaderModifier'
  return { type: `${kind}HeaderModifier`, [field]: change }
}

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
  ...service({ name: 'canary', vip: '10.96.0.11', endpoints: [{ address: `${network}.2`, port: 9080 }] }),
  ...service({
    name: 'legacy',
    vip: '10.96.0.12',
    endpoints: [{ address: `${network}.3`, port: 9080, transport: 'plain' }],
  }),
  ...service({ name: 'empty', vip: '10.96.0.13', endpoints: [] }),
  httpRoute('api', [
    {
      matches: [prefix('/headers')],
      filters: [
        headers('Request', { set: [{ name: 'x-route', value: 'headers' }], remove: ['x-secret'] }),
        headers('Response', { add: [{ name: 'x-served-by', value: 'waypoint' }] }),
      ],
      backendRefs: [backend('api')],
    },
    { matches: [prefix('/legacy')], backendRefs: [backend('legacy')] },
    {
      matches: [prefix('/moved')],
      filters: [
        {
          type: 'RequestRedirect',
          requestRedirect: { scheme: 'https', hostname: 'new.example', statusCode: 301 },
        },
      ],
    },
    {
      matches: [prefix('/old')],
      filters: [
        {
          type: 'URLRewrite',
          urlRewrite: { hostname: 'inner.example', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/v2' } },
        },
      ],
      backendRefs: [backend('api')],
    },
    { matches: [prefix('/split')], backendRefs: [backend('api', { weight: 90 }), backend('canary', { weight: 10 })] },
    { matches: [prefix('/nowhere')], backendRefs: [backend('missing')] },
    { matches: [prefix('/zero')], backendRefs: [backend('api', { weight: 0 })] },
    { matches: [prefix('/empty')], backendRefs: [backend('empty')] },
    {
      matches: [prefix('/elsewhere')],
      filters: [
        { type: 'RequestRedirect', requestRedirect: { path: { type: 'ReplaceFullPath', replaceFullPath: '/' } } },
      ],
    },
  ]),
  // Of the client's namespace: it counts for clients from there only.
  httpRoute('ours', [{ matches: [prefix('/headers')], backendRefs: [backend('canary')] }], {
    parent: 'api',
    namespace: 'team',
  }),
]

for (const workers of workerCounts(1)) {
  describe(`traffic with --workers ${workers}`, () => {
    let mesh: Mesh
    let fairway: RunningFairway
    let client: HboneClient
    before(async () => {
      mesh = await createMesh(objects)
      await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
      await mesh.startPod('canary', { address: `${network}.2`, port: 9080 })
      await mesh.startPod('legacy', { address: `${network}.3`, port: 9080, transport: 'plain' })
      fairway = await mesh.startFairway(workers, ['--access-log', 'json'])
      client = await mesh.dial(fairway)
    })
    after(() => mesh?.[Symbol.asyncDispose]())

    it('applies header filters both ways between two tunnels', async () => {
      const answer = await client.request(VIP, { path: '/headers/a?b=c', headers: { 'x-secret': 's', 'x-kept': 'k' } })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['x-served-by'], 'waypoint')
      const { name, url, headers: seen } = echoOf(answer)
      assert.deepEqual({ name, url }, { name: 'api', url: '/headers/a?b=c' })
      assert.equal(seen['x-route'], 'headers')
      assert.equal(seen['x-kept'], 'k')
      assert.equal(seen['x-secret'], undefined)
      assert.match(seen['x-request-id'] ?? '', /^[0-9a-f-]{36}$/)
    })

    it('carries a body to a destination in plaintext', async () => {
      const body = 'x'.repeat(300_000)
      const answer = await client.request(VIP, { method: 'POST', path: '/legacy', body })
      const echo = echoOf(answer)
      assert.deepEqual([answer.status, echo.name, echo.method], [200, 'legacy', 'POST'])
      assert.ok(echo.body === body, `${echo.body.length} bytes came`)
    })

    it('redirects without asking a destination', async () => {
      const answer = await client.request(VIP, { path: '/moved/here?now=1' })
      assert.deepEqual([answer.status, answer.headers.location], [301, 'https://new.example/moved/here?now=1'])
    })

    it('keeps who came by an ingress that ends TLS with https, on the port that he wrote', async () => {
      const where = async (host: string, forwarded: object): Promise<unknown> =>
        (await client.request(VIP, { path: '/elsewhere', host, headers: { ...forwarded } })).headers.location
      const byTls = { 'x-forwarded-proto': 'https' }
      assert.equal(await where('shop.example', byTls), 'https://shop.example/')
      assert.equal(await where('shop.example:8443', byTls), 'https://shop.example:8443/')
      assert.equal(await where('shop.example', {}), 'http://shop.example/')
    })

    it('tells of a client that takes trailers as HTTP/1.1 has it', async () => {
      const { headers: seen } = echoOf(
        await client.request(VIP, { path: '/headers', headers: { te: 'trailers', connection: 'te' } }),
      )
      assert.equal(seen['te'], 'trailers')
      assert.match(seen['connection'] ?? '', /^te\b/)
    })

    it('rewrites host and path', async () => {
      const { url, headers: seen } = echoOf(await client.request(VIP, { path: '/old/thing?a=1' }))
      assert.deepEqual([url, seen['host']], ['/v2/thing?a=1', 'inner.example'])
    })

    const refusals: readonly (readonly [string, string, number, string])[] = [
      ['no rule matches', '/unknown', 404, 'NR'],
      ['the backend does not exist', '/nowhere', 500, 'NC'],
      ['no backend has a weight', '/zero', 500, 'NC'],
      ['the backend has no endpoint', '/empty', 503, 'UH'],
    ]
    for (const [why, path, status, flags] of refusals) {
      it(`answers ${status} when ${why}`, async () => {
        const answer = await client.request(VIP, { path })
        assert.equal(answer.status, status)
        const line = await eventually(`an access log line of ${path}`, () =>
          accessLog(fairway).find((candidate) => candidate['path'] === path),
        )
        assert.equal(line['response_code'], status)
        assert.equal(line['response_flags'], flags)
      })
    }

    it('takes the rule of the client namespace for its clients alone', async () => {
      const theirs = await mesh.dial(fairway, 'team/client')
      assert.equal(echoOf(await theirs.request(VIP, { path: '/headers' })).name, 'canary')
      assert.equal(echoOf(await client.request(VIP, { path: '/headers' })).name, 'api')
    })

    it('splits 90 to 10', async () => {
      // One connection is served by one worker, and there the split is exact.
      const names = await Promise.all(
        Array.from({ length: 100 }, async () => echoOf(await client.request(VIP, { path: '/split' })).name),
      )
      assert.equal(names.filter((name) => name === 'canary').length, 10)

      const others = await Promise.all(Array.from({ length: 8 }, () => mesh.dial(fairway)))
      const more = await Promise.all(
        others.flatMap((other) =>
          Array.from({ length: 50 }, async () => echoOf(await other.request(VIP, { path: '/split' })).name),
        ),
      )
      const share = more.filter((name) => name === 'canary').length / more.length
      assert.ok(share >= 0.09 && share <= 0.11, `the canary got ${share}`)
    })

    it('counts the requests of all workers with the labels of Istio', async () => {
      const clients = await Promise.all(Array.from({ length: 6 }, () => mesh.dial(fairway, 'shop/counted')))
      await Promise.all(clients.map((one) => one.request(VIP, { path: '/headers' })))
      const ours = { source_principal: 'spiffe://cluster.local/ns/shop/sa/counted' }
      await eventually('six requests', async () => (await fairway.metric('istio_requests_total', ours)) === 6)
      const samples = await fairway.metrics()
      const sample = samples.find(
        ({ name, labels }) => name === 'istio_requests_total' && labels['source_principal'] === ours.source_principal,
      )
      const expected = {
        reporter: 'waypoint',
        source_workload_namespace: 'shop',
        destination_workload: 'api-0',
        destination_workload_namespace: 'shop',
        destination_principal: 'spiffe://cluster.local/ns/shop/sa/api',
        destination_app: 'api',
        destination_version: 'v1',
        destination_service: 'api.shop.svc.cluster.local',
        destination_service_name: 'api',
        destination_service_namespace: 'shop',
        request_protocol: 'http',
        response_code: '200',
        response_flags: '-',
        connection_security_policy: 'mutual_tls',
      }
      const found = Object.fromEntries(Object.keys(expected).map((label) => [label, sample?.labels[label]]))
      assert.deepEqual(found, expected)
      assert.equal(await fairway.metric('istio_request_duration_milliseconds_count', ours), 6)
    })

    it('writes a line for each request', async () => {
      await client.request(VIP, { path: '/headers/logged', headers: { 'user-agent': 'a "client"\u00ff' } })
      const line = await eventually('the line', () =>
        accessLog(fairway).find((candidate) => candidate['path'] === '/headers/logged'),
      )
      const { method, response_code, route_name, upstream_host, authority, downstream_remote_address } = line
      assert.deepEqual(
        { method, response_code, route_name, upstream_host, authority, downstream_remote_address },
        {
          method: 'GET',
          response_code: 200,
          route_name: 'HTTPRoute/shop/api/0',
          upstream_host: `${network}.1:9080`,
          authority: 'api.shop.svc.cluster.local',
          downstream_remote_address: '127.0.0.1',
        },
      )
    })

    it('shows the running truth on the admin port', async () => {
      assert.deepEqual(await fairway.readiness(), { status: 200, reason: 'ready' })
      const snapshot = await fairway.admin('/snapshot')
      assert.ok(hasKey(snapshot, 'services') && Array.isArray(snapshot.services))
      assert.equal(snapshot.services.length, 4)
      const conditions = JSON.stringify(await fairway.admin('/conditions'))
      assert.match(conditions, /"ResolvedRefs","status":"False".*missing/)
      const found = await fairway.admin(`/resolve?authority=${VIP}&path=/old/x&source=shop`)
      assert.ok(hasKey(found, 'rule') && found.rule === '3', JSON.stringify(found))
      assert.deepEqual(await fairway.admin('/log-level?level=debug', 'POST'), { level: 'debug' })
      assert.deepEqual(await fairway.admin('/log-level'), { level: 'debug' })
      const refused = await client.connect('10.96.9.9:80')
      assert.equal(refused.status, 404)
      await fairway.waitForLog('a debug line of the worker', ({ level }) => level === 'debug')
      assert.deepEqual(await fairway.admin('/log-level?level=info', 'POST'), { level: 'info' })
    })

    // The last one: it ends the process.
    it('drains when it is told to, and is not ready then', async () => {
      assert.deepEqual(await fairway.admin('/drain', 'POST'), { draining: true })
      assert.deepEqual(await fairway.readiness(), { status: 503, reason: 'draining' })
      await eventually('GOAWAY', () => !client.isOpen)
    })
  })
}

const echoOf = (answer: Answer): Echo => {
  assert.equal(answer.status, 200, answer.body)
  // The destination is ours.
  return JSON.parse(answer.body) as Echo
}

const accessLog = (fairway: RunningFairway): readonly Record<string, unknown>[] =>
  fairway
    .stdout()
    .split('\n')
    .slice(0, -1)
    // Every line of the access log is an object.
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const hasKey = <Key extends string>(value: unknown, key: Key): value is Record<Key, unknown> =>
  typeof value === 'object' && value !== null && key in value
