import assert from 'node:assert/strict'
import { once } from 'node:events'
import http, { type IncomingHttpHeaders } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { emptyConfig, unusedDeps } from '../../test/support/admin/admin-deps.ts'
import { modelOf, matchOf, routeOf, serviceOf } from '../../test/support/models.ts'
import { parseMetrics } from '../../test/support/exposition/prometheus-text.ts'
import type { LogLevel } from '../lib/log.ts'
import type { ExplainQuery } from '../snapshot/explain.ts'
import { startAdmin, type AdminServer } from './admin.ts'
import type { AdminDeps } from './admin-deps.ts'

interface Started extends AdminServer {
  readonly asked: ExplainQuery[]
  readonly state: { level: LogLevel; drains: number; notReady: string | undefined }
}

const start = async (t: TestContext, changes: Partial<AdminDeps> = {}): Promise<Started> => {
  const asked: ExplainQuery[] = []
  const state: Started['state'] = { level: 'info', drains: 0, notReady: undefined }
  const deps: AdminDeps = {
    ...unusedDeps,
    notReady: () => state.notReady,
    explain: async (query) => {
      asked.push(query)
      const nothing = {
        tunnel: undefined,
        service: undefined,
        path: undefined,
        route: undefined,
        rule: undefined,
        backends: [],
      }
      return { generation: 3, outcome: 'unbound', status: 404, ...nothing, reasons: ['because'] }
    },
    logLevel: () => state.level,
    setLogLevel: (level) => {
      state.level = level
    },
    drain: () => {
      state.drains++
    },
    ...changes,
  }
  const admin = await startAdmin({ bind: '127.0.0.1', ports: { ready: 0, metrics: 0, admin: 0 }, deps })
  t.after(admin.close)
  return { ...admin, asked, state }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A request with any Host, which `fetch` would not let us send. */
const ask = async (method: string, url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => {
  const request = http.request(url, { method, headers, agent: false })
  request.end()
  const [response]: http.IncomingMessage[] = await once(request, 'response')
  assert.ok(response)
  const text = Buffer.concat(await Array.fromAsync(response)).toString()
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

test('readiness is 200, or 503 with the reason', async (t) => {
  const { addresses, state } = await start(t)
  const url = `http://${addresses.ready}/healthz/ready`
  const good = await fetch(url)
  assert.deepEqual([good.status, await good.text()], [200, 'ready\n'])
  state.notReady = 'draining'
  const bad = await fetch(url)
  assert.deepEqual([bad.status, await bad.text()], [503, 'draining\n'])
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 503)
})

test('metrics of all workers come as one page', async (t) => {
  const dump = { series: [], scalars: [{ name: 'fairway_tunnels_total', value: 2 }] }
  const { addresses } = await start(t, { dumps: async () => [dump, dump] })
  const response = await fetch(`http://${addresses.metrics}/stats/prometheus`)
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const page = parseMetrics(await response.text())
  assert.deepEqual(page.samples, [{ name: 'fairway_tunnels_total', labels: {}, value: 4 }])
})

test('each port serves its own endpoints only', async (t) => {
  const { addresses } = await start(t)
  assert.equal((await fetch(`http://${addresses.ready}/stats/prometheus`)).status, 404)
  assert.equal((await fetch(`http://${addresses.metrics}/snapshot`)).status, 404)
  assert.equal((await fetch(`http://${addresses.admin}/healthz/ready`)).status, 404)
})

test('the root lists the endpoints, and each of them answers', async (t) => {
  const { addresses } = await start(t)
  const response = await fetch(`http://${addresses.admin}/`)
  const { endpoints } = JSON.parse(await response.text())
  assert.deepEqual(
    endpoints.map(({ method, path }: Record<string, string>) => `${method} ${path}`),
    [
      'GET /snapshot',
      'GET /endpoints',
      'GET /limits',
      'GET /filters',
      'POST /filters/command',
      'GET /comparisons',
      'GET /certs',
      'GET /conditions',
      'GET /status',
      'GET /resolve',
      'GET /log-level',
      'POST /log-level',
      'POST /drain',
    ],
  )
  for (const { method, path, what } of endpoints) {
    assert.ok(what.length > 10)
    assert.notEqual((await fetch(`http://${addresses.admin}${path}`, { method })).status, 404, path)
  }
})

test('the snapshot shows what is in force, without secrets', async (t) => {
  const filter = {
    kind: 'RequestHeaderModifier',
    config: { set: [['authorization', 'hunter2']] },
    origin: 'HTTPRoute shop/a',
  }
  const headers = [
    { type: 'Exact', name: 'authorization', value: 'hunter2' },
    { type: 'Exact', name: 'x-api-key', value: 'hunter2' },
    { type: 'Exact', name: 'x-user', value: 'ann' },
  ] as const
  const queryParams = [{ type: 'Exact', name: 'access_token', value: 'hunter2' }] as const
  const route = routeOf('a', [{ matches: [matchOf({ headers, queryParams })], filters: [filter] }])
  const closed = 'a filter refuses Authorization: Bearer hunter2'
  const services = [serviceOf({ filters: [filter], closed }, { filters: [filter], closed })]
  const model = modelOf([route], { services })
  const { addresses } = await start(t, { config: async () => ({ ...emptyConfig, generation: 9, model }) })
  const response = await fetch(`http://${addresses.admin}/snapshot`)
  const text = await response.text()
  assert.doesNotMatch(text, /hunter2/)
  const shown = JSON.parse(text)
  assert.equal(shown.generation, 9)
  assert.deepEqual(shown.gateway, { namespace: 'shop', name: 'waypoint' })
  assert.equal(shown.services[0].name, 'api')
  assert.deepEqual(shown.services[0].filters, [{ kind: 'RequestHeaderModifier', origin: 'HTTPRoute shop/a' }])
  assert.deepEqual(shown.services[0].ports[0].filters, shown.services[0].filters)
  assert.equal(shown.services[0].ports[0].closed, 'a filter refuses Authorization: (hidden)')
  assert.equal(shown.routes[0].rules[0].matches[0].headers[2].value, 'ann')
  assert.equal(shown.endpoints[0].endpoints[0].address, '10.1.0.1')
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(response.headers.get('cache-control'), 'no-store')
})

test('a large snapshot is whole', async (t) => {
  const routes = Array.from({ length: 1234 }, (_, i) => routeOf(`r${i}`))
  const { addresses } = await start(t, { config: async () => ({ ...emptyConfig, model: modelOf(routes) }) })
  const shown = JSON.parse(await (await fetch(`http://${addresses.admin}/snapshot`)).text())
  assert.deepEqual(
    shown.routes.map(({ name }: { name: string }) => name),
    routes.map(({ name }) => name),
  )
})

test('without a configuration the snapshot is empty', async (t) => {
  const { addresses } = await start(t)
  const shown = JSON.parse(await (await fetch(`http://${addresses.admin}/snapshot`)).text())
  assert.deepEqual(shown, { generation: 0, services: [], routes: [], endpoints: [] })
})

test('conditions come with what could not be read', async (t) => {
  const object = { kind: 'HTTPRoute', namespace: 'shop', name: 'api' }
  const condition = { object, type: 'Accepted', status: 'False', reason: 'UnsupportedValue', message: 'm' } as const
  const issue = { message: 'bad indentation', position: { file: 'a.yaml', line: 3, column: 1 } }
  const config = { ...emptyConfig, generation: 2, conditions: [condition], issues: [issue] }
  const { addresses } = await start(t, { config: async () => config })
  const shown = JSON.parse(await (await fetch(`http://${addresses.admin}/conditions`)).text())
  assert.deepEqual(shown, { generation: 2, conditions: [condition], issues: [issue] })
})

test('the status of many objects is one List, asked for as it is written', async (t) => {
  function* items(): Generator<object> {
    for (let i = 0; i < 123; i++) yield { kind: 'HTTPRoute', metadata: { name: `r${i}` } }
  }
  const { addresses } = await start(t, { statuses: async () => ({ generation: 4, items: items() }) })
  const response = await fetch(`http://${addresses.admin}/status`)
  const shown = JSON.parse(await response.text())
  assert.deepEqual(shown, { apiVersion: 'v1', kind: 'List', generation: 4, items: [...items()] })
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
})

test('resolve asks with all parameters and returns the reasons', async (t) => {
  const { addresses, asked } = await start(t)
  const query = new URLSearchParams([
    ['authority', '[fd00::12]:80'],
    ['method', 'POST'],
    ['path', '/items?q=1&r=a%20b'],
    ['header', 'X-User:  ann '],
    ['header', 'x-empty:'],
    ['sni', 'a.example.com'],
    ['source', 'web/front'],
    ['address', '10.1.0.9'],
    ['claims', '{"iss":"idp"}'],
  ])
  const response = await fetch(`http://${addresses.admin}/resolve?${query}`)
  const { outcome, reasons } = JSON.parse(await response.text())
  assert.deepEqual([response.status, outcome, reasons], [200, 'unbound', ['because']])
  assert.deepEqual(asked, [
    {
      authority: '[fd00::12]:80',
      method: 'POST',
      target: '/items?q=1&r=a%20b',
      headers: [
        ['X-User', 'ann'],
        ['x-empty', ''],
      ],
      sni: 'a.example.com',
      sourceNamespace: 'web',
      serviceAccount: 'front',
      address: '10.1.0.9',
      claims: { iss: 'idp' },
    },
  ])
})

test('resolve refuses what it does not understand, and says what', async (t) => {
  const { addresses, asked } = await start(t)
  const response = await fetch(`http://${addresses.admin}/resolve?authority=a:80&pfad=/`)
  const { issues } = JSON.parse(await response.text())
  assert.deepEqual([response.status, issues.map(({ path }: { path: string }) => path)], [400, ['pfad']])
  assert.deepEqual(asked, [])
})

test('the log level is read and set', async (t) => {
  const { addresses, state } = await start(t)
  const url = `http://${addresses.admin}/log-level`
  assert.deepEqual(await (await fetch(url)).json(), { level: 'info' })
  const set = await fetch(`${url}?level=debug`, { method: 'POST' })
  assert.deepEqual([set.status, await set.json()], [200, { level: 'debug' }])
  assert.equal(state.level, 'debug')
  const bad = await fetch(`${url}?level=loud`, { method: 'POST' })
  assert.equal(bad.status, 400)
  assert.match(await bad.text(), /debug, info, warn, error, off/)
  assert.equal(state.level, 'debug')
})

test('draining begins by POST only, with or without a body', async (t) => {
  const { addresses, state } = await start(t)
  const url = `http://${addresses.admin}/drain`
  const get = await fetch(url)
  assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST'])
  assert.equal(state.drains, 0)
  assert.equal((await fetch(url, { method: 'POST' })).status, 202)
  assert.equal((await fetch(url, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })).status, 202)
  assert.equal((await fetch(url, { method: 'POST', body: 'x'.repeat(5000) })).status, 413)
  assert.equal(state.drains, 2)
})

test('reading by POST and other methods are refused with what is allowed', async (t) => {
  const { addresses } = await start(t)
  const cases = [
    ['POST', '/snapshot', 'GET'],
    ['DELETE', '/log-level', 'GET, POST'],
    ['PUT', '/drain', 'POST'],
  ] as const
  for (const [method, path, allow] of cases) {
    const response = await fetch(`http://${addresses.admin}${path}`, { method })
    assert.deepEqual([response.status, response.headers.get('allow')], [405, allow], `${method} ${path}`)
  }
})

const foreignHosts = [
  'evil.example',
  'evil.example:15000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '10.0.0.1',
  'a@localhost',
]

for (const host of foreignHosts) {
  test(`the Host ${host} is refused on every admin path (DNS rebinding)`, async (t) => {
    const { addresses, state } = await start(t)
    const paths = ['GET /', 'GET /snapshot', 'GET /log-level', 'POST /log-level?level=off', 'POST /drain', 'GET /none']
    for (const path of paths) {
      const [method = '', target = ''] = path.split(' ')
      assert.equal((await ask(method, `http://${addresses.admin}${target}`, { host })).status, 403, path)
    }
    assert.deepEqual(state, { level: 'info', drains: 0, notReady: undefined })
  })
}

test('loopback names are welcome on the admin port, any on the others', async (t) => {
  const { addresses } = await start(t)
  for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.2:15000', '[::1]:15000']) {
    assert.equal((await ask('GET', `http://${addresses.admin}/`, { host })).status, 200, host)
  }
  assert.equal((await ask('GET', `http://${addresses.ready}/healthz/ready`, { host: 'pod.example' })).status, 200)
})

test('a web page of another site cannot make changes', async (t) => {
  const { addresses, state } = await start(t)
  const url = `http://${addresses.admin}/drain`
  const foreign: readonly Readonly<Record<string, string>>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ]
  for (const headers of foreign) assert.equal((await ask('POST', url, headers)).status, 403)
  assert.equal(state.drains, 0)
  assert.equal((await ask('POST', url, { origin: 'http://localhost:3000' })).status, 202)
})

test('a failure behind an endpoint is an answer with its message and no stack', async (t) => {
  const fail = async (): Promise<never> => {
    throw new Error('worker 2 does not answer')
  }
  const { addresses } = await start(t, { config: fail, dumps: fail })
  for (const url of [`http://${addresses.admin}/snapshot`, `http://${addresses.metrics}/stats/prometheus`]) {
    const response = await fetch(url)
    assert.deepEqual([response.status, await response.json()], [500, { error: 'worker 2 does not answer' }])
  }
})

test('a taken port is named with what to do, and nothing stays open', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { addresses, close } = await start(t)
  await close()
  const freePort = Number(addresses.admin.split(':').at(-1))
  const ports = { ready: 0, metrics: port, admin: freePort }
  await assert.rejects(startAdmin({ bind: '127.0.0.1', ports, deps: unusedDeps }), {
    code: 'ELISTEN',
    message: new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port} \\(metrics\\): another program.*--metrics-port`),
  })
  // The admin port, which had been opened before, is free again.
  const again = createServer().listen(freePort, '127.0.0.1')
  await once(again, 'listening')
  again.close()
})

test('an address that is not ours is named', async () => {
  const ports = { ready: 0, metrics: 0, admin: 0 }
  await assert.rejects(startAdmin({ bind: '192.0.2.1', ports, deps: unusedDeps }), {
    code: 'ELISTEN',
    message: /--bind/,
  })
})

test('close ends waiting connections', async (t) => {
  const { addresses, close } = await start(t)
  const agent = new http.Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const request = http.get(`http://${addresses.ready}/healthz/ready`, { agent })
  const [response]: http.IncomingMessage[] = await once(request, 'response')
  response?.resume()
  await close()
  await assert.rejects(fetch(`http://${addresses.ready}/healthz/ready`))
})

test('filters are asked for what an operator wants, and say what they did in each process', async (t) => {
  const orders: unknown[] = []
  const { addresses } = await start(t, {
    command: async (order) => {
      orders.push(order)
      if (order.kind === 'None') return [[], []]
      const said = order.parameters['path'] === undefined ? { failure: 'purge what?' } : { result: { forgotten: 1 } }
      return [[{ origin: 'a', ...said }], [{ origin: 'a', ...said }]]
    },
  })
  const post = (query: string): Promise<Answer> => ask('POST', `http://${addresses.admin}/filters/command?${query}`)
  const done = await post('kind=ResponseCache&command=purge&origin=a&path=/x%3Fy')
  assert.deepEqual(
    [done.status, JSON.parse(done.text)],
    [
      200,
      {
        results: [
          { process: 0, origin: 'a', result: { forgotten: 1 } },
          { process: 1, origin: 'a', result: { forgotten: 1 } },
        ],
      },
    ],
  )
  assert.deepEqual(orders, [{ kind: 'ResponseCache', command: 'purge', origin: 'a', parameters: { path: '/x?y' } }])
  assert.equal((await post('kind=ResponseCache&command=purge')).status, 400)
  assert.equal((await post('kind=None&command=purge')).status, 404)
  assert.equal((await post('kind=ResponseCache')).status, 400)
})
