import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { Exchange, Filter, FilterDefinition, HookResult } from '../filter/index.ts'
import type { ExchangeRecord } from '../filter/record.ts'
import { createReply } from '../filter/reply.ts'
import { anything } from '../lib/schema.ts'
import { Mesh, until } from '../../test/support/mesh/mesh.ts'
import { backendOf } from '../../test/support/models.ts'
import { arrivals, later } from '../../test/support/turns.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const definitionOf = (kind: string, create: () => Filter): FilterDefinition => ({
  kind,
  stage: 'shape',
  config: anything(),
  create,
})

/** A waypoint whose one rule has these filters, in this order. */
const withFilters = async (...filters: readonly Filter[]): Promise<Mesh> => {
  const definitions = filters.map((filter, index) => definitionOf(`F${index}`, () => filter))
  mesh = await Mesh.start({
    filters: definitions,
    rule: { filters: definitions.map(({ kind }) => ({ kind, config: {}, origin: kind })) },
    pods: [
      {
        onRequest: (tunnel, { head }) => {
          if (head.target !== '/silent') tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-pod: 1\r\n\r\nhello')
        },
      },
    ],
  })
  return mesh
}

test('hooks run in order, at once or after waiting; responses pass in reverse', async () => {
  const order: string[] = []
  const note =
    (name: string, isAsync: boolean) =>
    (exchange: Exchange): HookResult => {
      order.push(`${name} ${exchange.response?.status ?? ''}`.trim())
      return isAsync ? later(undefined) : undefined
    }
  await withFilters(
    { onRequest: note('a', false), onResponse: note('a', true) },
    { onRequest: note('b', true), onResponse: note('b', false) },
    { onRequest: note('c', false), onComplete: ({ status }: ExchangeRecord) => void order.push(`done ${status}`) },
  )
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get()).body.toString(), 'hello')
  await mesh.record(1)
  assert.deepEqual(order, ['a', 'b', 'c', 'b 200', 'a 200', 'done 200'])
})

test('a hook changes the request and the response', async () => {
  await withFilters({
    onRequest: ({ request }) => {
      request.path = '/new'
      request.query = '?q'
      request.authority = 'other'
      request.headers.set('x-new', '1')
    },
    onResponse: ({ response }) => {
      response?.headers.set('x-out', '2')
      if (response !== undefined) response.status = 202
    },
  })
  const tunnel = await mesh.tunnel()
  const { head } = await tunnel.get('/old')
  assert.equal(head.status, 202)
  assert.equal(head.headers.get('x-out'), '2')
  const seen = mesh.pod.tunnels[0]?.requests[0]?.head
  assert.equal(seen?.target, '/new?q')
  assert.equal(seen?.host, 'other')
  assert.equal(seen?.headers.get('x-new'), '1')
  assert.equal((await mesh.record(1)).status, 202)
})

const replies: readonly { readonly when: string; readonly filter: Filter }[] = [
  {
    when: 'at once',
    filter: {
      onRequest: () =>
        createReply(403, { body: 'nö\n', reason: 'denied', flags: 'RL', headers: [['X-Why', 'policy']] }),
    },
  },
  {
    when: 'after waiting',
    filter: {
      onRequest: () =>
        later(createReply(403, { body: 'nö\n', reason: 'denied', flags: 'RL', headers: [['X-Why', 'policy']] })),
    },
  },
]
for (const { when, filter } of replies) {
  test(`a reply ${when} ends the chain: nothing is forwarded, and the client may go on`, async () => {
    let isLaterAsked = false
    await withFilters(filter, {
      onRequest: () => {
        isLaterAsked = true
      },
    })
    const tunnel = await mesh.tunnel()
    for (let i = 0; i < 2; i++) {
      const { head, body } = await tunnel.get()
      assert.equal(head.status, 403)
      assert.equal(head.headers.get('x-why'), 'policy')
      assert.equal(body.toString(), 'nö\n')
    }
    assert.equal(isLaterAsked, false)
    assert.equal(mesh.pod.tunnels.length, 0)
    const record = await mesh.record(2)
    assert.equal(record.details, 'denied')
    assert.equal(record.flags, 'RL')
    assert.equal(record.attempts, 0)
  })
}

test('a reply to a POST with unread body ends the tunnel behind the answer', async () => {
  await withFilters({ onRequest: () => createReply(401) })
  const tunnel = await mesh.tunnel()
  tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 1000000\r\n\r\n', 'POST')
  const upload = tunnel.upload(1_000_000)
  const { head } = await tunnel.answer()
  assert.equal(head.status, 401)
  assert.equal(head.headers.get('connection'), 'close')
  assert.equal(await tunnel.ended, 'end')
  await upload
})

test('a reply after waiting to a POST whose body has come keeps the tunnel', async () => {
  await withFilters({ onRequest: async () => (await later(0), await later(0), createReply(401)) })
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.request('POST', '/', 'content-length: 3\r\n', 'abc')).head.status, 401)
  assert.equal((await tunnel.request('POST', '/', 'content-length: 3\r\n', 'abc')).head.status, 401)
})

test('a body that comes while a hook waits is forwarded whole', async () => {
  let release: () => void = () => {}
  await withFilters({ onRequest: () => new Promise<void>((resolve) => (release = resolve)) })
  const tunnel = await mesh.tunnel()
  tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 1000000\r\n\r\n', 'POST')
  const upload = tunnel.upload(1_000_000)
  await until(() => mesh.counters.activeExchanges === 1)
  await later(0)
  release()
  await upload
  await tunnel.answer()
  assert.equal(mesh.pod.tunnels[0]?.requests[0]?.bodyBytes, 1_000_000)
})

const throwers: readonly { readonly what: string; readonly filter: Filter }[] = [
  {
    what: 'throws',
    filter: {
      onRequest: () => {
        throw new Error('planned')
      },
    },
  },
  {
    what: 'rejects',
    filter: {
      onRequest: async () => {
        await later(0)
        throw new Error('planned')
      },
    },
  },
  {
    what: 'throws on the response',
    filter: {
      onResponse: () => {
        throw new Error('planned')
      },
    },
  },
  {
    what: 'rejects on the response',
    filter: {
      onResponse: async () => {
        await later(0)
        throw new Error('planned')
      },
    },
  },
  { what: 'returns nonsense', filter: { onRequest: () => 'nonsense planned' as never } },
  { what: 'replies with nonsense', filter: { onRequest: () => ({ kind: 'reply', planned: 1 }) as never } },
  {
    what: 'writes a header with a line end',
    filter: { onRequest: ({ request }) => request.headers.set('x', 'planned\r\ny: 1') },
  },
  {
    what: 'writes such a header into the response',
    filter: { onResponse: ({ response }) => response?.headers.set('x', 'planned\r\n') },
  },
  {
    what: 'makes an interim status',
    filter: {
      onResponse: ({ response }) => {
        if (response !== undefined) response.status = 103
      },
    },
  },
]
for (const { what, filter } of throwers) {
  test(`a filter that ${what} is a 500, counted and logged; the client may go on`, async () => {
    await withFilters(filter)
    const tunnel = await mesh.tunnel()
    const { head, body } = await tunnel.get()
    assert.equal(head.status, 500)
    assert.doesNotMatch(body.toString(), /planned/)
    assert.equal((await tunnel.get()).head.status, 500)
    const record = await mesh.record(2)
    assert.equal(record.details, 'filter_failed')
    // Each once: what a filter made that cannot be sent, and what built-in ones threw.
    const { filterErrors, errorsCaught } = mesh.counters
    assert.deepEqual([filterErrors, errorsCaught], /header|status/.test(what) ? [2, 0] : [0, 2])
    assert.equal(mesh.logs.filter((line) => line.includes('"level":"error"')).length, 1)
  })
}

test('what a filter throws is logged with its stack, and without the secrets of the request', async () => {
  await withFilters({
    onRequest: ({ request }) => {
      throw new Error(`no user for ${request.headers.get('x-api-key')} of ${request.headers.get('x-user')}`)
    },
  })
  const tunnel = await mesh.tunnel()
  const { head: answer } = await tunnel.get('/', 'x-user: ann\r\nX-Api-Key: hunter2\r\n')
  assert.equal(answer.status, 500)
  const line = mesh.logs.find((text) => text.includes('no user for (hidden) of ann'))
  assert.match(line ?? '', /exchange-filters\.test\.ts/)
  assert.doesNotMatch(mesh.logs.join(''), /hunter2/)
})

test('the end is told with the request that the other hooks saw, however it ended', async () => {
  const seen: unknown[] = []
  await withFilters({
    onRequest: ({ request }) => {
      seen.push(request)
      return request.path === '/reply' ? createReply(403) : undefined
    },
    onComplete: (_, { request }) => void seen.push(request),
  })
  const tunnel = await mesh.tunnel()
  for (const path of ['/', '/reply']) {
    await tunnel.get(path)
    const [first, last, ...more] = seen.splice(0)
    assert.ok(first !== undefined && first === last)
    assert.deepEqual(more, [])
  }
})

test('a throwing onComplete and a throwing sink hurt nobody', async () => {
  await withFilters({
    onComplete: () => {
      throw new Error('planned')
    },
  })
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 2; i++) assert.equal((await tunnel.get()).head.status, 200)
  assert.equal(mesh.counters.errorsCaught, 2)
})

test('a response hook replaces the response; the pod keeps its tunnel and its credit', async () => {
  await withFilters({
    onResponse: ({ response }) => (response?.status === 200 ? createReply(418, { body: 'tea' }) : undefined),
  })
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 2; i++) {
    const { head, body } = await tunnel.get()
    assert.equal(head.status, 418)
    assert.equal(head.headers.get('x-pod'), undefined)
    assert.equal(body.toString(), 'tea')
  }
})

test('a status without content drops the body that would be taken for the next response', async () => {
  await withFilters({
    onResponse: ({ response, request }) => {
      if (response !== undefined && request.path === '/none') response.status = 204
    },
    onRequest: ({ request }) => (request.path === '/reply' ? createReply(204, { body: 'never' }) : undefined),
  })
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get('/none')).head.status, 204)
  assert.equal((await tunnel.get('/reply')).head.status, 204)
  const next = await tunnel.get('/next')
  assert.equal(next.head.status, 200)
  assert.equal(next.body.toString(), 'hello')
})

test('a reply to HEAD has no body', async () => {
  await withFilters({
    onRequest: ({ request }) => (request.path === '/a' ? createReply(403, { body: 'no' }) : undefined),
  })
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.request('HEAD', '/a')).head.status, 403)
  assert.equal((await tunnel.get('/b')).body.toString(), 'hello')
})

test('a body that comes while a response hook waits is kept and passed on', async () => {
  let release: () => void = () => {}
  await withFilters({ onResponse: () => new Promise<void>((resolve) => (release = resolve)) })
  const tunnel = await mesh.tunnel()
  const answer = tunnel.get()
  await until(() => mesh.pod.requests === 1)
  await arrivals(5)
  release()
  assert.equal((await answer).body.toString(), 'hello')
  const again = tunnel.get()
  await until(() => mesh.pod.requests === 2)
  await arrivals(5)
  release()
  await again
  assert.equal(mesh.pod.tunnels.length, 1)
})

test('a refused body that was held has its credit back, and the client can send the rest', async () => {
  let refuse: () => void = () => {}
  await withFilters({
    onRequest: () => new Promise((resolve) => (refuse = () => resolve(createReply(403)))),
  })
  const tunnel = await mesh.tunnel()
  tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 2000000\r\n\r\n', 'POST')
  let isSent = false
  const upload = tunnel.upload(2_000_000).then(() => (isSent = true))
  await until(() => mesh.counters.activeExchanges === 1)
  await arrivals()
  assert.equal(isSent, false)
  refuse()
  assert.equal((await tunnel.answer()).head.status, 403)
  await upload
})

test('what came while response hooks waited has its credit back, however often', async () => {
  const bytes = 200_000
  mesh = await Mesh.start({
    filters: [
      definitionOf('Wait', () => ({
        onResponse: async () => {
          await arrivals()
        },
      })),
    ],
    rule: { filters: [{ kind: 'Wait', config: {}, origin: 'test' }] },
    pods: [
      {
        onRequest: (pod) => {
          pod.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
          void pod.download(bytes)
        },
      },
    ],
  })
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 8; i++) assert.equal((await tunnel.get()).body.length, bytes)
  assert.equal(mesh.pod.tunnels.length, 1)
})

test('the client goes while a hook waits: the hook finds nothing to do, and nothing is forwarded', async () => {
  let release: () => void = () => {}
  await withFilters({ onRequest: () => new Promise<void>((resolve) => (release = resolve)) })
  const tunnel = await mesh.tunnel()
  tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => mesh.counters.activeExchanges === 1)
  mesh.clients[0]?.destroy()
  await until(() => mesh.counters.activeExchanges === 0)
  release()
  await later(0)
  assert.equal((await mesh.record(1)).flags, 'DC')
  assert.equal(mesh.pod.tunnels.length, 0)
})

test('weights are exact over a thousand requests', async () => {
  const stable = backendOf('stable', 90)
  const canary = backendOf('canary', 10)
  mesh = await Mesh.start({ rule: { backends: [stable, canary] } })
  const { address } = mesh.pod.options
  mesh.apply(
    mesh.model({
      endpoints: [
        { key: stable.endpoints, endpoints: [mesh.endpoint(address, { port: 1 })] },
        { key: canary.endpoints, endpoints: [mesh.endpoint(address, { port: 2 })] },
      ],
    }),
  )
  const tunnels = await Promise.all(Array.from({ length: 8 }, () => mesh.tunnel()))
  await Promise.all(
    tunnels.map(async (tunnel) => {
      for (let i = 0; i < 125; i++) await tunnel.get()
    }),
  )
  const shares = new Map<string, number>()
  for (const { backend } of mesh.records) shares.set(backend?.name ?? '', (shares.get(backend?.name ?? '') ?? 0) + 1)
  assert.deepEqual(Object.fromEntries(shares), { stable: 900, canary: 100 })
})
