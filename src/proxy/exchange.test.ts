import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { openTunnel } from '../../test/support/mesh/client-tunnel.ts'
import { Mesh, VIP, until } from '../../test/support/mesh/mesh.ts'
import type { PodOptions } from '../../test/support/mesh/pod.ts'

let mesh: Mesh
afterEach(() => mesh.close())

/** A waypoint before one pod that answers each request with these bytes. */
const answering = async (answer: string | ((method: string, path: string) => string)): Promise<Mesh> => {
  const onRequest: PodOptions['onRequest'] = (tunnel, { head }) => {
    tunnel.write(typeof answer === 'string' ? answer : answer(head.method, head.target))
  }
  mesh = await Mesh.start({ pods: [{ onRequest }] })
  return mesh
}

test('a GET goes to the pod and its answer comes back, the head with what a hop adds', async () => {
  const date = 'Thu, 01 Jan 2026 00:00:00 GMT'
  await answering(
    `HTTP/1.1 201 Made\r\nx-a: 1\r\ndate: ${date}\r\nkeep-alive: timeout=5\r\ncontent-length: 5\r\n\r\nhello`,
  )
  const tunnel = await mesh.tunnel()
  const answer = await tunnel.get('/a/../b?x=1', 'X-Test: 2\r\nconnection: x-drop\r\nx-drop: 1\r\n')
  assert.equal(answer.head.status, 201)
  assert.equal(answer.body.toString(), 'hello')
  assert.deepEqual(
    [...answer.head.headers],
    [
      ['x-a', '1'],
      ['date', date],
      ['content-length', '5'],
    ],
  )
  const [pod] = mesh.pods[0]?.tunnels ?? []
  assert.equal(pod?.authority, `${mesh.pod.options.address}:8080`)
  const seen = pod?.requests[0]?.head
  assert.equal(seen?.target, '/b?x=1')
  assert.equal(seen?.headers.get('x-test'), '2')
  assert.equal(seen?.headers.get('x-drop'), undefined)
  assert.equal(seen?.headers.get('x-forwarded-for'), '127.0.0.1')
  assert.equal(seen?.headers.get('x-forwarded-proto'), 'http')
  assert.match(seen?.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
})

test('the record says what happened', async () => {
  await answering('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello')
  const tunnel = await mesh.tunnel()
  await tunnel.request('POST', '/p?q', 'content-length: 3\r\nuser-agent: t\r\nx-request-id: r1\r\n', 'abc')
  const record = await mesh.record(1)
  assert.equal(record.status, 200)
  assert.equal(record.flags, '-')
  assert.equal(record.details, 'via_upstream')
  assert.equal(record.method, 'POST')
  assert.equal(record.path, '/p?q')
  assert.equal(record.requestId, 'r1')
  assert.equal(record.attempts, 1)
  assert.equal(record.generation, 1)
  assert.equal(record.source.serviceAccount, 'client')
  assert.equal(record.endpoint?.address, mesh.pod.options.address)
  const sent = 'POST /p?q HTTP/1.1\r\nhost: api\r\ncontent-length: 3\r\nuser-agent: t\r\nx-request-id: r1\r\n\r\nabc'
  assert.equal(record.requestBytes, sent.length)
  assert.equal(record.responseBytes, tunnel.received)
  assert.ok(record.upstreamMs >= 0 && record.durationMs >= record.upstreamMs)
})

const framings = [
  { name: 'a length', answer: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello', body: 'hello' },
  { name: 'an empty body', answer: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', body: '' },
  {
    name: 'chunks',
    answer: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
    body: 'hello',
  },
  { name: 'no content', answer: 'HTTP/1.1 204 No Content\r\n\r\n', body: '' },
  { name: 'not modified', answer: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 77\r\n\r\n', body: '' },
  {
    name: 'HTTP/1.0 with keep-alive',
    answer: 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello',
    body: 'hello',
  },
]
for (const { name, answer, body } of framings) {
  test(`an answer with ${name} passes, and both connections are used again`, async () => {
    await answering(answer)
    const tunnel = await mesh.tunnel()
    for (let i = 0; i < 3; i++) assert.equal((await tunnel.get()).body.toString(), body)
    assert.equal(mesh.pod.tunnels.length, 1)
    assert.equal(mesh.counters.tunnelsTotal, 1)
  })
}

test('an answer delimited by closing goes out chunked, and the client may go on', async () => {
  mesh = await Mesh.start({
    pods: [
      {
        onRequest: (tunnel) => {
          tunnel.write('HTTP/1.1 200 OK\r\n\r\nhel')
          setImmediate(() => {
            tunnel.write('lo')
            tunnel.finish()
          })
        },
      },
    ],
  })
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 2; i++) {
    const answer = await tunnel.get()
    assert.equal(answer.body.toString(), 'hello')
    assert.equal(answer.head.headers.get('transfer-encoding'), 'chunked')
  }
  assert.equal(mesh.pod.tunnels.length, 2)
})

test('HEAD has the length of what it did not get, and the next answer is not mistaken for it', async () => {
  await answering(
    (method, path) =>
      `HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-path: ${path}\r\n\r\n${method === 'HEAD' ? '' : 'hello'}`,
  )
  const tunnel = await mesh.tunnel()
  const head = await tunnel.request('HEAD', '/1')
  assert.equal(head.head.headers.get('content-length'), '5')
  assert.equal(head.body.length, 0)
  const next = await tunnel.get('/2')
  assert.equal(next.head.headers.get('x-path'), '/2')
  assert.equal(next.body.toString(), 'hello')
})

test('trailers pass in both directions', async () => {
  await answering(
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n',
  )
  const tunnel = await mesh.tunnel()
  const answer = await tunnel.request(
    'POST',
    '/',
    'transfer-encoding: chunked\r\n',
    '3\r\nabc\r\n0\r\nx-req: 1\r\n\r\n',
  )
  assert.equal(answer.trailers?.get('x-sum'), '7')
  const [request] = mesh.pod.tunnels[0]?.requests ?? []
  assert.equal(request?.body.toString(), 'abc')
  assert.equal(request?.trailers?.get('x-req'), '1')
})

test('an answer without a date gets one, whoever gives it; an interim one does not', async () => {
  await answering('HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  const tunnel = await mesh.tunnel()
  const beforeMs = Math.floor(Date.now() / 1000) * 1000
  const ofPod = await tunnel.get('/')
  mesh.apply({
    ...mesh.model(),
    services: mesh.model().services.map((service) => ({ ...service, closed: 'the test' })),
  })
  const ours = await tunnel.get('/')
  assert.equal(ours.head.status, 503)
  for (const { head } of [ofPod, ours]) {
    const [date, ...more] = [...head.headers].flatMap(([name, value]) => (name === 'date' ? [Date.parse(value)] : []))
    assert.ok(date !== undefined && date >= beforeMs && date <= Date.now(), String(date))
    assert.deepEqual(more, [])
  }
})

test('100-continue: the interim answer comes from the pod, ahead of the body', async () => {
  mesh = await Mesh.start({
    pods: [
      {
        onHead: (tunnel) => void tunnel.write('HTTP/1.1 100 Continue\r\n\r\n'),
        onRequest: (tunnel, { bodyBytes }) =>
          void tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${bodyBytes}`),
      },
    ],
  })
  const tunnel = await mesh.tunnel()
  tunnel.write('POST / HTTP/1.1\r\nhost: api\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n', 'POST')
  await until(() => tunnel.received >= 25, 'the interim answer')
  tunnel.write('body')
  const answer = await tunnel.answer()
  assert.deepEqual(answer.informational, [100])
  assert.equal(answer.body.toString(), '4')
})

test('interim answers pass without what concerns only the connection they came on', async () => {
  const link = 'link: </a.css>\r\n'
  await answering(
    `HTTP/1.1 103 Early Hints\r\n${link}connection: x-hop, keep-alive\r\nx-hop: secret\r\nkeep-alive: timeout=5\r\n\r\n` +
      `HTTP/1.1 103 Early Hints\r\n${link}\r\nHTTP/1.1 200 OK\r\nconnection: x-hop\r\nx-hop: secret\r\ncontent-length: 0\r\n\r\n`,
  )
  const { head, informational, informationalFields } = await (await mesh.tunnel()).get()
  assert.deepEqual(informational, [103, 103])
  assert.deepEqual(informationalFields, [
    ['link', '</a.css>'],
    ['link', '</a.css>'],
  ])
  assert.equal(head.headers.get('x-hop'), undefined)
})

test('an HTTP/1.0 client gets no chunks and no interim answers; the tunnel ends with the body', async () => {
  await answering(
    'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  )
  const tunnel = await mesh.tunnel()
  tunnel.write('GET / HTTP/1.0\r\n\r\n', 'GET')
  const answer = await tunnel.answer()
  assert.equal(await tunnel.ended, 'end')
  assert.deepEqual(answer.informational, [])
  assert.equal(answer.head.headers.get('transfer-encoding'), undefined)
  assert.equal(answer.head.headers.get('connection'), 'close')
  assert.equal(answer.body.toString(), 'hello')
  assert.equal(mesh.pod.tunnels[0]?.requests[0]?.head.host, 'api.shop.svc.cluster.local')
})

test('an HTTP/1.0 client that asks for it keeps its connection', async () => {
  await answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  const tunnel = await mesh.tunnel()
  for (let i = 0; i < 2; i++) {
    tunnel.write('GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n', 'GET')
    const { head } = await tunnel.answer()
    assert.equal(head.headers.get('connection'), 'keep-alive')
  }
})

test('ten pipelined requests in one write are answered in order', async () => {
  await answering((_method, path) => `HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`)
  const tunnel = await mesh.tunnel()
  const paths = Array.from({ length: 10 }, (_, i) => `/${i}`)
  for (const _ of paths.slice(1)) tunnel.write('', 'GET')
  tunnel.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: api\r\n\r\n`).join(''), 'GET')
  for (const path of paths) assert.equal((await tunnel.answer()).body.toString(), path)
  await mesh.record(10)
})

test('a pipelined request behind a body waits for its turn', async () => {
  await answering((_method, path) => `HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`)
  const tunnel = await mesh.tunnel()
  tunnel.write('', 'GET')
  tunnel.write(
    'POST /1 HTTP/1.1\r\nhost: api\r\ncontent-length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nhost: api\r\n\r\n',
    'POST',
  )
  assert.equal((await tunnel.answer()).body.toString(), '/1')
  assert.equal((await tunnel.answer()).body.toString(), '/2')
})

test('the client asks to close: its answer says so, and the tunnel ends', async () => {
  await answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  const tunnel = await mesh.tunnel()
  const { head } = await tunnel.get('/', 'connection: close\r\n')
  assert.equal(head.headers.get('connection'), 'close')
  assert.equal(await tunnel.ended, 'end')
})

test('the client ends its direction behind a request: the answer comes, then our end', async () => {
  await answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  const tunnel = await mesh.tunnel()
  const answer = tunnel.get()
  tunnel.channel.end()
  assert.equal((await answer).body.toString(), 'ok')
  assert.equal(await tunnel.ended, 'end')
  await until(() => mesh.counters.openTunnels === 0, 'the tunnel to be gone')
})

test('the client ends its direction between requests: the tunnel ends', async () => {
  await answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  const tunnel = await mesh.tunnel()
  await tunnel.get()
  tunnel.channel.end()
  assert.equal(await tunnel.ended, 'end')
})

const refused = [
  { name: 'two Hosts', request: 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n', status: 400 },
  { name: 'no HTTP', request: '\x16\x03\x01\x02\x00\r\n\r\n', status: 400 },
  { name: 'a head too large', request: `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`, status: 431 },
  {
    name: 'an unknown coding',
    request: 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n',
    status: 501,
  },
]
for (const { name, request, status } of refused) {
  test(`a request with ${name} is answered ${status}, and nothing goes to the pod`, async () => {
    await answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    const tunnel = await mesh.tunnel()
    tunnel.write(request, 'GET')
    const { head } = await tunnel.answer()
    assert.equal(head.status, status)
    assert.equal(await tunnel.ended, 'end')
    assert.equal(mesh.pod.tunnels.length, 0)
  })
}

test('CONNECT inside a tunnel is refused', async () => {
  await answering('HTTP/1.1 200 OK\r\n\r\n')
  const tunnel = await mesh.tunnel()
  const { head } = await tunnel.request('CONNECT', 'a:80')
  assert.equal(head.status, 405)
})

test('a path that nobody reads alike is refused', async () => {
  await answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
  const tunnel = await mesh.tunnel()
  const { head } = await tunnel.get('/a%00b')
  assert.equal(head.status, 400)
  const record = await mesh.record(1)
  assert.equal(record.flags, 'DPE')
  assert.equal(record.attempts, 0)
  assert.equal((await tunnel.get('/fine')).head.status, 200)
})

test('two tunnels of one connection are independent', async () => {
  let isStuck = false
  mesh = await Mesh.start({
    pods: [
      {
        onRequest: (tunnel, { head }) => {
          if (head.target === '/stuck') isStuck = true
          else tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
        },
      },
    ],
  })
  const stuck = await mesh.tunnel()
  stuck.write('GET /stuck HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
  await until(() => isStuck)
  const [client] = mesh.clients
  assert.ok(client)
  const free = await openTunnel(client, VIP)
  assert.equal((await free.get()).body.toString(), 'ok')
  assert.equal(mesh.counters.openConnections, 1)
  assert.equal(mesh.counters.activeExchanges, 1)
})
