import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { text as readAll } from 'node:stream/consumers'
import { afterEach, describe, it } from 'node:test'
import { createFakeClock } from '../../test/support/fake-clock.ts'
import { createKubeClient, type ClientOptions, type KubeClient, type KubeJson, type WatchEvent } from './client.ts'
import { formatKubeFailure } from './failure.ts'
import { kubeResources } from './resources.ts'

interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Respond = (asked: Asked, response: ServerResponse) => void

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** A server that answers as it is told, and a client of it; what it was asked is written down. */
const startServer = async (
  respond: Respond,
  options: ClientOptions = {},
  tokens: readonly string[] = ['t1'],
): Promise<{ readonly client: KubeClient; readonly asked: readonly Asked[] }> => {
  const asked: Asked[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = request
    const question = { method, url, headers, body: await readAll(request) }
    asked.push(question)
    respond(question, response)
  }
  const server = createServer((request, response) => {
    void answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  let refused = 0
  const client = createKubeClient(
    {
      server: `http://127.0.0.1:${address.port}`,
      source: 'a test',
      namespace: 'shop',
      isInsecure: false,
      credentials: (isRefused) => {
        if (isRefused) refused++
        return Promise.resolve({ ok: true, value: { authorization: `Bearer ${tokens[refused]}` } })
      },
    },
    options,
  )
  open.push(
    () => client.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return { client, asked }
}

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

const status = (code: number, reason: string, message: string) => ({
  ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message },
})

const { HTTPRoute, Lease, Namespace, Pod, Service, Deployment, Gateway } = kubeResources
const api: KubeJson = { metadata: { name: 'api', namespace: 'shop' } }

describe('each question has its method, path, and body', () => {
  const by = { fieldManager: 'fairway' }
  const cases: readonly (readonly [
    name: string,
    ask: (client: KubeClient) => Promise<unknown>,
    asked: Partial<Asked> & { readonly type?: string },
  ])[] = [
    [
      'get of the core',
      (client) => client.get(Service, { namespace: 'shop', name: 'api' }),
      { method: 'GET', url: '/api/v1/namespaces/shop/services/api', body: '' },
    ],
    [
      'get of a kind of the cluster',
      (client) => client.get(Namespace, { name: 'shop' }),
      { method: 'GET', url: '/api/v1/namespaces/shop' },
    ],
    [
      'create',
      (client) => client.create(Lease, api, by),
      {
        method: 'POST',
        url: '/apis/coordination.k8s.io/v1/namespaces/shop/leases?fieldManager=fairway',
        type: 'application/json',
        body: '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"api","namespace":"shop"}}',
      },
    ],
    [
      'apply, by force',
      (client) => client.apply(Deployment, api, { ...by, force: true }),
      {
        method: 'PATCH',
        url: '/apis/apps/v1/namespaces/shop/deployments/api?fieldManager=fairway&force=true',
        type: 'application/apply-patch+yaml',
      },
    ],
    [
      'apply of a status, dry',
      (client) => client.apply(Gateway, api, { ...by, subresource: 'status', isDryRun: true }),
      {
        method: 'PATCH',
        url: '/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways/api/status?fieldManager=fairway&dryRun=All',
      },
    ],
    [
      'update',
      (client) => client.update(Lease, api, by),
      { method: 'PUT', url: '/apis/coordination.k8s.io/v1/namespaces/shop/leases/api?fieldManager=fairway' },
    ],
    [
      'delete of this very object',
      (client) => client.delete(Pod, { namespace: 'shop', name: 'a' }, { uid: 'u1', propagation: 'Foreground' }),
      {
        method: 'DELETE',
        url: '/api/v1/namespaces/shop/pods/a',
        body: '{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u1"},"propagationPolicy":"Foreground"}',
      },
    ],
    [
      'names that would lead elsewhere stay names',
      (client) => client.get(Service, { namespace: 'a/b', name: '../x?y' }),
      { url: '/api/v1/namespaces/a%2Fb/services/..%2Fx%3Fy' },
    ],
  ]
  for (const [name, ask, { type, ...wanted }] of cases) {
    it(name, async () => {
      const { client, asked } = await startServer((_, response) => json(response, { metadata: { name: 'api' } }))
      await ask(client)
      const [found] = asked
      assert.partialDeepStrictEqual(found, wanted)
      assert.match(found?.headers['user-agent'] ?? '', /^fairway\/\d/)
      if (type !== undefined) assert.equal(found?.headers['content-type'], type)
    })
  }
})

describe('list', () => {
  it('gives the items of all pages one by one, each with its kind', async () => {
    const { client, asked } = await startServer(({ url }, response) => {
      const isSecond = url.includes('continue=c1')
      const metadata = isSecond ? { resourceVersion: '9' } : { resourceVersion: '9', continue: 'c1' }
      json(response, { kind: 'HTTPRouteList', metadata, items: [{ metadata: { name: isSecond ? 'b' : 'a' } }] })
    })
    const items: KubeJson[] = []
    const end = await client.list(HTTPRoute, {
      namespace: 'shop',
      labels: 'a=b',
      notOlderThan: '0',
      limit: 1,
      onItem: (item) => items.push(item),
    })
    assert.deepEqual(end, { ok: true, value: { resourceVersion: '9' } })
    assert.deepEqual(
      items.map(({ metadata, kind, apiVersion }) => [metadata.name, kind, apiVersion]),
      ['a', 'b'].map((name) => [name, 'HTTPRoute', 'gateway.networking.k8s.io/v1']),
    )
    const path = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes'
    assert.deepEqual(
      asked.map(({ url }) => url),
      [
        `${path}?labelSelector=a%3Db&limit=1&resourceVersion=0&resourceVersionMatch=NotOlderThan`,
        `${path}?labelSelector=a%3Db&limit=1&continue=c1`,
      ],
    )
  })

  it('fails as a whole when a page fails', async () => {
    const { client } = await startServer(({ url }, response) =>
      url.includes('continue=')
        ? json(response, status(410, 'Expired', 'too old'), 410)
        : json(response, { metadata: { resourceVersion: '9', continue: 'c1' }, items: [] }),
    )
    const end = await client.list(Pod, { onItem: () => {} })
    assert.ok(!end.ok)
    assert.equal(end.failure.reason, 'Expired')
  })

  const wrong: readonly (readonly [name: string, text: string])[] = [
    ['a page for people', '<html>sign in</html>'],
    ['a list without metadata', '{"items":[]}'],
    ['a list that breaks off', '{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{}}'],
    ['an item that is none', '{"metadata":{"resourceVersion":"1"},"items":[{"a":1}]}'],
    ['an item without a name', '{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":7}}]}'],
    ['an item that is no JSON', '{"metadata":{"resourceVersion":"1"},"items":[{"a":}]}'],
  ]
  for (const [name, text] of wrong) {
    it(`refuses ${name}`, async () => {
      const { client } = await startServer((_, response) => void response.end(text))
      const end = await client.list(Pod, { onItem: () => {} })
      assert.ok(!end.ok)
      assert.equal(end.failure.reason, 'BadAnswer')
    })
  }
})

describe('watch', () => {
  const query = { resourceVersion: '5', timeoutSeconds: 300 }

  it('tells of changes and bookmarks until the server ends it', async () => {
    const lines = [
      { type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: '6' } } },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '8' } } },
      { type: 'DELETED', object: { metadata: { name: 'a', resourceVersion: '9' } } },
    ]
    const { client, asked } = await startServer((_, response) => {
      for (const line of lines) response.write(`${JSON.stringify(line)}\n`)
      response.end()
    })
    const events: WatchEvent[] = []
    let opened = 0
    const end = await client.watch(Service, {
      ...query,
      namespace: 'shop',
      fields: 'metadata.name=a',
      onEvent: (event) => events.push(event),
      onOpen: () => opened++,
    })
    assert.deepEqual(end, { ok: true, value: undefined })
    assert.deepEqual(events, [lines[0], { type: 'BOOKMARK', resourceVersion: '8' }, lines[2]])
    assert.equal(opened, 1)
    assert.equal(
      asked[0]?.url,
      '/api/v1/namespaces/shop/services?fieldSelector=metadata.name%3Da&watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300',
    )
  })

  it('ends with what an ERROR event says', async () => {
    const { client } = await startServer(
      (_, response) =>
        void response.end(`${JSON.stringify({ type: 'ERROR', object: status(410, 'Expired', 'too old') })}\n`),
    )
    const end = await client.watch(Service, { ...query, onEvent: () => assert.fail('no event was sent') })
    assert.ok(!end.ok)
    assert.equal(end.failure.reason, 'Expired')
    assert.equal(end.failure.status, 410)
  })

  it('ends when nothing comes for too long', async () => {
    const clock = createFakeClock()
    const { client } = await startServer((_, response) => response.writeHead(200).flushHeaders(), { clock })
    const opened = Promise.withResolvers<void>()
    const end = client.watch(Service, { ...query, onEvent: () => {}, onOpen: opened.resolve })
    await opened.promise
    clock.advance(180_000)
    const ended = await end
    assert.ok(!ended.ok)
    assert.equal(ended.failure.reason, 'Timeout')
  })

  it('ends when the connection breaks, and when it is called off', async () => {
    const { client } = await startServer((_, response) => {
      response.writeHead(200).flushHeaders()
      if (_.url.includes('pods')) setImmediate(() => response.destroy())
    })
    const broken = await client.watch(Pod, { ...query, onEvent: () => {} })
    assert.ok(!broken.ok)
    assert.equal(broken.failure.reason, 'Unreachable')
    const calling = new AbortController()
    const ended = await client.watch(Service, {
      ...query,
      onEvent: () => {},
      onOpen: () => calling.abort(),
      signal: calling.signal,
    })
    assert.ok(!ended.ok)
    assert.equal(ended.failure.reason, 'Aborted')
  })
})

describe('what goes wrong is a value that says what was asked', () => {
  it('with the words of the API server, and when to come back', async () => {
    const { client } = await startServer((_, response) => {
      response.setHeader('retry-after', '7')
      json(response, status(403, 'Forbidden', 'services is forbidden: User "x" cannot list'), 403)
    })
    const got = await client.get(Service, { namespace: 'shop', name: 'api' })
    assert.ok(!got.ok)
    assert.partialDeepStrictEqual(got.failure, { status: 403, reason: 'Forbidden', retryAfterMs: 7000 })
    assert.match(
      formatKubeFailure(got.failure),
      /^GET http:\/\/127\.0\.0\.1:\d+\/api\/v1\/namespaces\/shop\/services\/api: 403 Forbidden: services is forbidden: .* \(the account’s role lacks this right\)$/,
    )
  })

  for (const [name, header, body] of [
    ['a header', '999999999999', {}],
    ['a Status', '', { details: { retryAfterSeconds: 1e9 } }],
  ] as const) {
    it(`with a wait that is no longer than a minute, whatever ${name} says`, async () => {
      const { client } = await startServer((_, response) => {
        if (header !== '') response.setHeader('retry-after', header)
        json(response, { ...status(503, 'ServiceUnavailable', 'later'), ...body }, 503)
      })
      const got = await client.get(Service, { namespace: 'shop', name: 'api' })
      assert.equal(got.ok ? undefined : got.failure.retryAfterMs, 60_000)
    })
  }

  it('with the single faults of an object that was refused', async () => {
    const causes = [{ reason: 'FieldValueInvalid', message: 'must be a port', field: 'spec.port' }]
    const { client } = await startServer((_, response) =>
      json(response, { ...status(422, 'Invalid', 'is invalid'), details: { causes } }, 422),
    )
    const made = await client.create(Service, api, { fieldManager: 'fairway' })
    assert.ok(!made.ok)
    assert.deepEqual(made.failure.causes, causes)
  })

  it('with a reason also where an old path or a proxy answers in plain text', async () => {
    const { client } = await startServer((_, response) => void response.writeHead(404).end('404 page not found\n'))
    const got = await client.get(Service, { name: 'api' })
    assert.ok(!got.ok)
    assert.partialDeepStrictEqual(got.failure, { status: 404, reason: 'NotFound', message: '404 page not found' })
  })

  it('when nobody is there', async () => {
    const { client } = await startServer(() => {})
    for (const close of open.splice(1)) close()
    const got = await client.get(Service, { name: 'api' })
    assert.ok(!got.ok)
    assert.equal(got.failure.reason, 'Unreachable')
    assert.match(got.failure.message, /is the API server up/)
  })

  it('when no head comes in time', async () => {
    const clock = createFakeClock()
    const { client } = await startServer(() => clock.advance(30_000), { clock })
    const got = await client.get(Service, { name: 'api' })
    assert.ok(!got.ok)
    assert.equal(got.failure.reason, 'Timeout')
  })
})

it('a token that is refused is read again, and the question asked once more', async () => {
  const { client, asked } = await startServer(
    ({ headers }, response) =>
      headers.authorization === 'Bearer t2'
        ? json(response, api)
        : json(response, status(401, 'Unauthorized', 'expired'), 401),
    {},
    ['t1', 't2'],
  )
  const got = await client.get(Service, { name: 'api' })
  assert.ok(got.ok)
  assert.equal(asked.length, 2)
})

describe('the kinds that a server has', () => {
  it('are those of the versions that are wanted and served', async () => {
    const { client, asked } = await startServer(({ url }, response) => {
      if (url === '/apis/gateway.networking.k8s.io') {
        return json(response, { versions: [{ version: 'v1' }, { version: 'v1beta1' }] })
      }
      json(response, {
        resources: [
          { name: 'httproutes', kind: 'HTTPRoute', namespaced: true },
          { name: 'httproutes/status', kind: 'HTTPRoute', namespaced: true },
          { name: 'gatewayclasses', kind: 'GatewayClass', namespaced: false },
        ],
      })
    })
    const served = await client.served('gateway.networking.k8s.io', ['v1', 'v1alpha2'])
    const of = (kind: string, plural: string, isNamespaced: boolean) => ({
      ...{ group: 'gateway.networking.k8s.io', version: 'v1', kind, plural, isNamespaced },
    })
    assert.deepEqual(served, {
      ok: true,
      value: [
        { resource: of('HTTPRoute', 'httproutes', true), hasStatus: true },
        { resource: of('GatewayClass', 'gatewayclasses', false), hasStatus: false },
      ],
    })
    assert.equal(asked.length, 2)
  })

  it('are none where there is no such group, and unknown when it cannot be asked', async () => {
    const { client } = await startServer(
      ({ url }, response) => void response.writeHead(url.includes('istio') ? 404 : 503).end('404 page not found'),
    )
    assert.deepEqual(await client.served('security.istio.io', ['v1']), { ok: true, value: [] })
    assert.equal((await client.served('fairway.dev', ['v1alpha1'])).ok, false)
  })
})
