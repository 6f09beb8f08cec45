import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import { afterEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { authzModel, startAuthzMesh } from '../../../../../test/support/ext-authz/authz-mesh.ts'
import { advanceInSteps, createFakeClock } from '../../../../../test/support/fake-clock.ts'
import { openDoor } from '../../../../../test/support/mesh/door.ts'
import { serviceOf } from '../../../../../test/support/models.ts'
import { defaultDeadlines } from '../../../limits/deadlines.ts'
import { startHttpProvider, type HttpProvider } from '../../../../../test/support/ext-authz/http-provider.ts'
import type { ClientTunnel } from '../../../../../test/support/mesh/client-tunnel.ts'
import { type Mesh, until } from '../../../../../test/support/mesh/mesh.ts'
import type { ExternalAuthorization, NamePattern } from '../../../../model/security/external-authorization.ts'

let mesh: Mesh
let provider: HttpProvider
afterEach(async () => {
  await mesh.close()
  provider.close()
})

const start = async (
  answer?: HttpProvider['answer'],
  settings: Partial<ExternalAuthorization> = {},
): Promise<ClientTunnel> => {
  provider = await startHttpProvider(answer)
  mesh = await startAuthzMesh({
    port: provider.port,
    settings: { protocol: 'http', shownHeaders: [], ...settings },
    pods: [
      {
        onRequest: (tunnel) =>
          tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-mode: pod\r\nset-cookie: a=b\r\n\r\nok'),
      },
    ],
  })
  return mesh.tunnel()
}

const exact = (...names: readonly string[]): readonly NamePattern[] => names.map((text) => ({ kind: 'exact', text }))
const received = (name: string): string | undefined => mesh.pod.tunnels[0]?.requests[0]?.head.headers.get(name)

describe('a provider that speaks HTTP', () => {
  it('gets method, host, path, an empty body, and the fields that it is to see', async () => {
    const shownHeaders: readonly NamePattern[] = [
      ...exact('cookie'),
      { kind: 'prefix', text: 'x-a' },
      { kind: 'suffix', text: '-id' },
    ]
    const addedHeaders = [['x-a2', 'ours']] as const
    const tunnel = await start(undefined, { shownHeaders, addedHeaders, pathPrefix: '/check' })
    const fields = 'cookie: c=d\r\nx-a1: 1\r\nx-a2: client\r\nx-request-id: r\r\naccept: any\r\nauthorization: t\r\n'
    const { head } = await tunnel.request('POST', '/a/./b?c=d', `${fields}content-length: 5\r\n`, 'hello')
    assert.equal(head.status, 200)
    const [question] = provider.seen
    assert.deepEqual([question?.method, question?.url, question?.body], ['POST', '/check/a/b?c=d', ''])
    const { connection: _connection, ...headers } = question?.headers ?? {}
    assert.deepEqual(headers, {
      host: 'api',
      cookie: 'c=d',
      'x-a1': '1',
      'x-a2': 'ours',
      'x-request-id': 'r',
      'content-length': '0',
    })
    assert.deepEqual([received('x-a2'), String(mesh.pod.tunnels[0]?.requests[0]?.body)], ['client', 'hello'])
  })

  it('says yes with 200, and what it lets through replaces what was there', async () => {
    const answer: HttpProvider['answer'] = (_, response) => {
      response.setHeader('x-user', ['anna', 'berta'])
      response.setHeader('x-mode', 'provider')
      response.setHeader('x-other', '1')
      response.setHeader('set-cookie', ['s=1', 't=2'])
      response.setHeader('x-envoy-auth-headers-to-remove', 'Authorization, x-gone,host')
      response.end('fine')
    }
    const tunnel = await start(answer, {
      answer: {
        toUpstream: exact('x-user', 'content-length', 'date'),
        toDownstreamOnAllow: exact('x-mode', 'set-cookie'),
        toDownstreamOnDeny: 'all',
      },
    })
    const { head } = await tunnel.request('GET', '/', 'x-user: root\r\nauthorization: t\r\nx-gone: 1\r\n')
    assert.equal(received('x-user'), 'anna, berta')
    assert.deepEqual(['authorization', 'x-gone', 'x-other', 'date'].map(received), Array(4).fill(undefined))
    assert.equal(head.headers.get('x-mode'), 'provider')
    assert.equal(head.headers.get('set-cookie'), 's=1, t=2')
    assert.equal(head.headers.get('x-other'), undefined)
  })

  it('changes nothing where no field is let through', async () => {
    const tunnel = await start((_, response) => void response.setHeader('x-user', 'anna').end())
    const { head } = await tunnel.request('GET', '/', 'x-user: root\r\n')
    assert.deepEqual([received('x-user'), head.headers.get('x-user')], ['root', undefined])
  })

  it('may hand on all it says, but what is about its own message', async () => {
    const rules = { toUpstream: 'all', toDownstreamOnAllow: [], toDownstreamOnDeny: 'all' } as const
    const answer: HttpProvider['answer'] = (_, response) => {
      for (const name of ['content-type', 'etag', 'host', 'server']) response.setHeader(name, 'text/x')
      response.setHeader('x-user', 'anna').end('body')
    }
    const tunnel = await start(answer, { answer: rules })
    await tunnel.request('GET', '/', 'content-type: text/mine\r\n')
    const names = ['x-user', 'content-type', 'etag', 'server', 'content-length', 'host']
    assert.deepEqual(names.map(received), ['anna', 'text/mine', undefined, undefined, undefined, 'api'])
  })

  for (const status of [201, 204, 302, 401, 403, 404, 429]) {
    it(`refuses with ${status} as it stands`, async () => {
      const answer: HttpProvider['answer'] = (_, response) => {
        response.statusCode = status
        response.setHeader('location', '/login').setHeader('x-why', 'because').setHeader('connection', 'x-hop')
        response
          .setHeader('x-hop', '1')
          .setHeader('host', 'x')
          .end(status === 204 ? '' : 'nö')
      }
      const tunnel = await start(answer)
      const { head, body } = await tunnel.get('/')
      assert.deepEqual([head.status, String(body)], [status, status === 204 ? '' : 'nö'])
      assert.equal(head.headers.get('location'), '/login')
      assert.equal(head.headers.get('x-why'), 'because')
      assert.deepEqual(
        ['x-hop', 'host'].map((name) => head.headers.get(name)),
        [undefined, undefined],
      )
      const { flags, details } = await mesh.record(1)
      assert.deepEqual([flags, details, mesh.pod.requests], ['UAEX', 'ext_authz_denied', 0])
    })
  }

  it('refuses with the fields of a list, and with those that a refusal cannot do without', async () => {
    const long = 'Thu, 01 Jan 1970 00:00:00 GMT'
    const answer: HttpProvider['answer'] = (_, response) => {
      response.statusCode = 401
      response.setHeader('date', long)
      response.setHeader('www-authenticate', 'Basic').setHeader('x-why', 'a').setHeader('x-no', 'b').end('{}')
    }
    const rules = { toUpstream: [], toDownstreamOnAllow: [], toDownstreamOnDeny: exact('x-why') }
    const tunnel = await start(answer, { answer: rules })
    const { head } = await tunnel.get('/')
    const names = ['www-authenticate', 'x-why', 'x-no']
    assert.deepEqual(
      names.map((name) => head.headers.get(name)),
      ['Basic', 'a', undefined],
    )
    assert.notEqual(head.headers.get('date'), long)
  })

  it('refuses without a body where it is no text', async () => {
    const answer: HttpProvider['answer'] = (_, response) => {
      response.writeHead(403, { 'content-encoding': 'gzip', 'content-type': 'text/html' }).end(gzipSync('no'))
    }
    const { head, body } = await (await start(answer)).get('/')
    assert.deepEqual([head.status, body.length], [403, 0])
    assert.deepEqual(
      ['content-encoding', 'content-type'].map((name) => head.headers.get(name)),
      [undefined, undefined],
    )
  })
})

const failures: readonly (readonly [name: string, answer: HttpProvider['answer'], why: RegExp])[] = [
  ['answers 500', (_, response) => void response.writeHead(500).end('x'), /status 500/],
  ['answers 599', (_, response) => void response.writeHead(599).end('x'), /status 599/],
  ['hangs up', (_, response) => void response.destroy(), /./],
  [
    'hangs up in the middle',
    (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
    /./,
  ],
  ['has huge fields', (_, response) => void response.writeHead(200, { 'x-a': 'b'.repeat(200_000) }).end(), /./],
  [
    'announces too much',
    (_, response) => response.writeHead(200, { 'content-length': 1_000_000 }).flushHeaders(),
    /an answer of 1000000 bytes/,
  ],
  [
    'never ends',
    (_, response) => void setInterval(() => response.write('x'.repeat(50_000)), 1).unref(),
    /more than 262144 bytes/,
  ],
  [
    'switches protocols',
    (_, response) => void response.socket?.write('HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    /./,
  ],
  ['speaks no HTTP', (_, response) => void response.socket?.end('hello\r\n\r\n'), /./],
]
const late: typeof failures = [
  ['is silent', () => undefined, /no whole answer within 100 ms/],
  ['is slow', (_, response) => void response.writeHead(200).write('x'), /no whole answer within 100 ms/],
]

describe('an HTTP provider that', () => {
  for (const [name, answer, why] of [...failures, ...late]) {
    it(`${name} has the request refused`, async () => {
      const isLate = late.some(([one]) => one === name)
      const tunnel = await start(answer, isLate ? { timeoutMs: 100 } : {})
      assert.equal((await tunnel.get('/')).head.status, 403)
      const { flags, details } = await mesh.record(1)
      assert.deepEqual([flags, details, mesh.pod.requests], ['UAEX', 'ext_authz_error', 0])
      assert.match(mesh.logs.join(''), why)
      assert.match(mesh.logs.join(''), /provider authz: Service shop\/authz:80 gives no answer/)
    })
  }

  it('loses a question is asked once more', async () => {
    let lost = 0
    const tunnel = await start((_, response) => void (lost++ === 0 ? response.destroy() : response.end()))
    const { head } = await tunnel.request('POST', '/', 'content-length: 2\r\n', 'hi')
    assert.deepEqual([head.status, provider.seen.length, mesh.pod.requests], [200, 2, 1])
    assert.deepEqual([(await mesh.record(1)).attempts, mesh.counters.externalAuthorization.failed], [1, 0])
  })

  it('is asked by a client who goes away hears of it', async () => {
    const tunnel = await start(() => undefined)
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => provider.seen.length === 1)
    tunnel.channel.abort()
    await until(() => provider.aborted === 1)
  })
})

describe('the body of a request', () => {
  const shown = (maxBytes: number, allowsPartial: boolean) => ({ body: { maxBytes, allowsPartial, asBytes: false } })
  const echo: HttpProvider['answer'] = (_, response) => void response.end()

  it('is shown whole, and forwarded', async () => {
    const tunnel = await start(echo, shown(10, false))
    const { head } = await tunnel.request('POST', '/', 'content-length: 5\r\n', 'hello')
    assert.equal(head.status, 200)
    const [question] = provider.seen
    assert.deepEqual([question?.body, question?.headers['content-length']], ['hello', '5'])
    assert.equal(question?.headers['x-envoy-auth-partial-body'], 'false')
    assert.equal(String(mesh.pod.tunnels[0]?.requests[0]?.body), 'hello')
  })

  it('is shown in part', async () => {
    const tunnel = await start(echo, shown(10, true))
    await tunnel.request('POST', '/', 'content-length: 15\r\n', 'hello, hello ok')
    assert.deepEqual(
      [provider.seen[0]?.body, provider.seen[0]?.headers['x-envoy-auth-partial-body']],
      ['hello, hel', 'true'],
    )
    assert.equal(String(mesh.pod.tunnels[0]?.requests[0]?.body), 'hello, hello ok')
  })

  for (const [name, fields, body] of [
    ['announced', 'content-length: 11\r\n', 'hello hello'],
    ['chunked', 'transfer-encoding: chunked\r\n', 'b\r\nhello hello\r\n0\r\n\r\n'],
  ] as const) {
    it(`is refused when it is longer, ${name}, whatever the settings say of failures`, async () => {
      const tunnel = await start(echo, { ...shown(10, false), failOpen: true })
      const { head } = await tunnel.request('POST', '/', fields, body)
      assert.equal(head.status, 413)
      assert.deepEqual([provider.seen.length, mesh.pod.requests], [0, 0])
      assert.equal((await mesh.record(1)).details, 'request_payload_too_large')
    })
  }

  it('may be larger than a window, and comes out as it went in', async () => {
    const tunnel = await start(echo, shown(3_000_000, false))
    const body = Buffer.alloc(2_000_000, 'abcdefghij').toString()
    const { head } = await tunnel.request('POST', '/', `content-length: ${body.length}\r\n`, body)
    assert.equal(head.status, 200)
    assert.equal(provider.seen[0]?.body.length, body.length)
    assert.equal(mesh.pod.tunnels[0]?.requests[0]?.bodyBytes, body.length)
    // The tunnel has all of its window: a second one of the kind passes too.
    const again = await tunnel.request('POST', '/', `content-length: ${body.length}\r\n`, body)
    assert.equal(again.head.status, 200)
  })

  it('that nobody has room for is refused with 503', async () => {
    const tunnel = await start(echo, { ...shown(30_000_000, false), failOpen: true })
    const body = 'x'.repeat(18_000_000)
    const { head } = await tunnel.request('POST', '/', `content-length: ${body.length}\r\n`, body)
    assert.equal(head.status, 503)
    assert.equal((await mesh.record(1)).details, 'ext_authz_no_memory')
  })

  it('is asked for where the client waits with it', async () => {
    const tunnel = await start(echo, shown(10, false))
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n', 'POST')
    await until(() => tunnel.received > 0)
    tunnel.write('hello')
    const { head, informational } = await tunnel.answer()
    assert.deepEqual([head.status, informational, provider.seen[0]?.body], [200, [100], 'hello'])
  })

  it('of HTTP/2 may be larger than a window too', async () => {
    provider = await startHttpProvider(echo)
    mesh = await startAuthzMesh({
      port: provider.port,
      protocol: 'http2',
      settings: { protocol: 'http', shownHeaders: [], ...shown(3_000_000, false) },
    })
    const app = createServer((request, response) => void request.pipe(response))
    app.listen(0, '127.0.0.1')
    await once(app, 'listening')
    const place = app.address()
    assert.ok(typeof place === 'object' && place !== null)
    const model = authzModel(mesh, { port: provider.port, settings: { protocol: 'http', ...shown(3_000_000, false) } })
    const [api, authz] = model.endpoints
    assert.ok(api !== undefined && authz !== undefined)
    const endpoints = [mesh.endpoint('127.0.0.1', { transport: 'plain', port: place.port })]
    mesh.apply({
      ...model,
      services: [serviceOf({ protocol: 'http2' }, { authorizations: ['shop/ask'] })],
      endpoints: [{ ...api, protocol: 'http2', endpoints }, authz],
    })
    const door = await openDoor(mesh)
    const session = connect(`http://127.0.0.1:${door.port}`)
    for (let i = 0; i < 2; i++) {
      const body = Buffer.alloc(1_500_000, 'abcdefghij')
      const stream = session.request({ ':method': 'POST', ':path': '/' })
      stream.end(body)
      const pieces: Buffer[] = []
      for await (const piece of stream) pieces.push(piece as Buffer)
      assert.ok(Buffer.concat(pieces).equals(body))
      assert.equal(provider.seen[i]?.body.length, body.length)
    }
    session.close()
    app.close()
    await until(() => mesh.counters.openTunnels === 0)
    door.close()
  })

  it('that stops coming is waited for as any other', async () => {
    const clock = createFakeClock(Date.now())
    provider = await startHttpProvider(echo)
    const deadlines = { ...defaultDeadlines, bodyIdleMs: 5000 }
    const settings = { protocol: 'http', shownHeaders: [], ...shown(10, false) } as const
    mesh = await startAuthzMesh({ port: provider.port, settings, clock, deadlines })
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nhalf', 'POST')
    await until(() => mesh.counters.activeExchanges === 1)
    await advanceInSteps(clock, 8000)
    assert.equal((await tunnel.answer()).head.status, 408)
    assert.equal(provider.seen.length, 0)
  })

  it('that is not there is shown as empty', async () => {
    const tunnel = await start(echo, shown(10, false))
    assert.equal((await tunnel.get('/')).head.status, 200)
    assert.deepEqual([provider.seen[0]?.body, provider.seen[0]?.headers['content-length']], ['', '0'])
  })

  it('stops coming, and nothing is left of it', async () => {
    const tunnel = await start(echo, shown(1000, false))
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 50\r\n\r\nhello', 'POST')
    await until(() => mesh.counters.activeExchanges === 1)
    tunnel.channel.abort()
    await mesh.record(1)
    assert.equal(provider.seen.length, 0)
  })
})
