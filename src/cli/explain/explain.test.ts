import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { createTerminal } from '../../../test/support/terminal.ts'
import { decodeExplainParameters } from '../../admin/explain-parameters.ts'
import { explainRequest } from '../../snapshot/explain.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { compileOffline } from '../offline/compile-offline.ts'
import { decodeMesh, meshFlags } from '../mesh-flags.ts'
import { loadModel } from '../offline/load-model.ts'
import { parseArguments } from '../arguments.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'

const waypoint = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: waypoint, namespace: shop }
spec: { gatewayClassName: fairway-waypoint, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] }
`
const service = (
  name: string,
  { spec = '', labels = '' }: { readonly spec?: string; readonly labels?: string } = {},
) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop, labels: { ${labels} } }
spec: { ports: [{ port: 80, appProtocol: http }], ${spec} }
`
const bound = 'istio.io/use-waypoint: waypoint'
const route = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: api, namespace: shop }
spec:
  parentRefs: [{ group: '', kind: Service, name: api }]
  rules:
    - name: gone
      matches: [{ path: { value: /gone } }]
      backendRefs: [{ name: nobody, port: 80 }]
    - name: items
      matches: [{ path: { value: /items }, headers: [{ name: x-user, value: ann }] }]
      filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: a, value: b }] } }]
      backendRefs: [{ name: api, port: 80 }]
`
const slice = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: api-1, namespace: shop, labels: { kubernetes.io/service-name: api } }
addressType: IPv4
ports: [{ port: 8080 }]
endpoints: [{ addresses: [127.0.0.2] }]
`
const objects = [
  waypoint,
  service('api', { spec: 'clusterIP: 10.96.0.10', labels: bound }),
  route,
  service('free', { spec: 'clusterIP: 10.96.0.11' }),
  waypoint.replace('name: waypoint', 'name: other').replace('fairway-waypoint', 'istio-waypoint'),
  service('elsewhere', { labels: 'istio.io/use-waypoint: other' }),
  service('slip', { labels: 'istio.io/use-waypoint: waypiont' }),
  service('outside', { spec: 'type: ExternalName, externalName: a.b', labels: bound }),
  service('empty', { labels: bound }),
  service('out', { labels: 'istio.io/use-waypoint: none' }),
].join('---')

let cwd = ''
before(() => {
  cwd = mkdtempSync(join(tmpdir(), 'fairway-explain-'))
  // Other tests beside this one have files of their own in the folder of all.
  process.env['TMPDIR'] = cwd
  writeFileSync(join(cwd, 'all.yaml'), [objects, slice].join('---'))
  writeFileSync(join(cwd, 'bare.yaml'), service('api', { labels: bound }))
  writeFileSync(join(cwd, 'unread.yaml'), 'a: [')
  writeFileSync(
    join(cwd, 'pods.yaml'),
    [
      waypoint.replace('shop }', 'shop, labels: { istio.io/waypoint-for: workload } }'),
      service('api', { labels: bound }),
    ].join('---'),
  )
})
after(() => rmSync(cwd, { recursive: true, force: true }))

const explain = async (...args: readonly string[]) => {
  const terminal = createTerminal({ cwd })
  const code = await runProgram({ version: '1', verbs }, ['explain', ...args], terminal)
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() }
}

const outcomes: readonly {
  readonly args: readonly string[]
  readonly code: number
  readonly stdout?: RegExp
  readonly stderr?: RegExp
}[] = [
  {
    args: ['http://api.shop/items', '-f', 'all.yaml', '-H', 'x-user: ann', '--from', 'web/front'],
    code: 0,
    stdout:
      /^GET http:\/\/api\.shop\/items {2}from web\/front\n✓ HTTPRoute\/shop\/api, rule items\n {2}address {2}api\.shop\.svc\.cluster\.local:80\n[^]* {2}shop\/api:80 {2}1 {7}100 % {2}1\n\nWhy\n[^]* {2}- filter RequestHeaderModifier of the rule is called: HTTPRoute shop\/api rules\[1\]/,
  },
  {
    args: ['http://api.shop/items', '-f', 'all.yaml'],
    code: 79,
    stdout:
      /\n× 404: its port has routes, and none of them fits\n[^]* rule items does not fit: header x-user is not Exact ann\n/,
  },
  {
    args: ['PUT', 'http://api.shop/gone', '-f', 'all.yaml'],
    code: 79,
    stdout: /\n× 500: no backend of the rule can be used\n/,
  },
  { args: ['http://api.shop/%zz/..', '-f', 'all.yaml'], code: 79, stdout: /\n× 400: the path cannot be normalised\n/ },
  {
    args: ['http://empty.shop', '-f', 'all.yaml'],
    code: 0,
    stdout: /\n✓ passes through: .*; of its endpoints the files say nothing\n/,
  },
  { args: ['http://empty', '--from', 'shop', '-f', 'all.yaml'], code: 0, stdout: /\n {2}address {2}empty\.shop\.svc/ },
  {
    args: ['http://empty', '-f', 'all.yaml'],
    code: 79,
    stdout: / - empty is a name in the namespace of the client: give it with --from NS\/SA\n/,
  },
  {
    args: ['http://api.shop:81', '-f', 'all.yaml'],
    code: 79,
    stdout: / - Service shop\/api has no such port, but 80\n/,
  },
  {
    args: ['http://free.shop', '-f', 'all.yaml'],
    code: 79,
    stdout: / - Service shop\/free is not bound to a waypoint.*\n/,
  },
  {
    args: ['http://10.96.0.11', '-f', 'all.yaml'],
    code: 79,
    stdout: / - Service shop\/free is not bound to a waypoint.*\n/,
  },
  {
    args: ['http://elsewhere.shop', '-f', 'all.yaml'],
    code: 79,
    stdout: / - Service shop\/elsewhere is for waypoint shop\/other: this is shop\/waypoint; .*--gateway/,
  },
  {
    args: ['http://slip.shop', '-f', 'all.yaml'],
    code: 79,
    stdout: / - Service shop\/slip is for waypoint shop\/waypiont, which is not among .* \(did you mean waypoint\?\)\n/,
  },
  {
    args: ['http://out.shop', '-f', 'all.yaml'],
    code: 79,
    stdout: / - Service shop\/out is not bound .*: it has istio\.io\/use-waypoint: none\n/,
  },
  {
    args: ['http://outside.shop', '-f', 'all.yaml'],
    code: 79,
    stdout: / - Service shop\/outside is .*: an ExternalName Service has/,
  },
  {
    args: ['http://api.shop', '-f', 'pods.yaml'],
    code: 79,
    stdout: / - Service shop\/api is for waypoint shop\/waypoint: the Gateway takes workload traffic/,
  },
  {
    args: ['http://api.shop', '-f', 'bare.yaml'],
    code: 79,
    stdout: / - there is no Gateway here/,
    stderr: /^there is no Gateway among the files/,
  },
  {
    args: ['http://free.shop', '-f', 'all.yaml'],
    code: 79,
    stderr: /^\d+ things are wrong with the objects: see fairway waypoint status -f all\.yaml\n$/,
  },
  {
    args: ['http://api.shop', '-f', 'unread.yaml'],
    code: 78,
    stderr: /^fairway explain: the configuration cannot be read:\n {2}unread\.yaml:1/,
  },
  {
    args: ['http://api.shop', '-f', 'all.yaml', '-H', 'secret-token'],
    code: 64,
    stderr: /^fairway explain: --header: bad value: found "secret-token", expected Name: value\n/,
  },
  {
    args: ['http://api.shop', '-f', 'all.yaml', '--from', 'a/b/c/d'],
    code: 64,
    stderr: /--from: bad value: found "a\/b\/c\/d", expected NS, NS\/SA, TD\/NS\/SA or spiffe:\/\//,
  },
  {
    args: ['http://api.shop', '-f', 'all.yaml', '--claims', 'secret'],
    code: 64,
    stderr: /^fairway explain: --claims: bad value: expected an object in JSON/,
  },
  { args: ['http://api.shop', '-f', 'all.yaml', '--admin', '127.0.0.1:1'], code: 64, stderr: /two places to look/ },
  { args: ['CONNECT', 'http://api.shop', '-f', 'all.yaml'], code: 79, stdout: /\n× 405: a tunnel inside/ },
  { args: ['-f', 'all.yaml'], code: 64, stderr: /^fairway explain: the URL is missing\n/ },
  { args: ['GET', 'http://api.shop', 'x'], code: 64, stderr: /unexpected argument "x"/ },
]

describe('fairway explain, by files', () => {
  for (const { args, code, stdout, stderr } of outcomes) {
    it(args.join(' '), async () => {
      const found = await explain(...args)
      if (stdout !== undefined) assert.match(found.stdout, stdout)
      if (stderr !== undefined) assert.match(found.stderr, stderr)
      assert.equal(found.code, code, found.stderr)
    })
  }

  it('what comes on standard input, and leaves nothing behind', async () => {
    const input = [objects, slice].join('---')
    const terminal = createTerminal({ cwd, input })
    const code = await runProgram({ version: '1', verbs }, ['explain', 'http://empty.shop', '-f', '-'], terminal)
    assert.equal(code, 0, terminal.stderr())
    const bad = createTerminal({ cwd, input: 'a: [' })
    assert.equal(await runProgram({ version: '1', verbs }, ['explain', 'http://empty.shop', '-f', '-'], bad), 78)
    assert.match(bad.stderr(), /\n {2}stdin:1:\d+: /)
    assert.deepEqual(
      readdirSync(cwd).filter((name) => name.startsWith('fairway-stdin-')),
      [],
    )
  })

  for (const [format, read] of [
    ['json', (text: string): unknown => JSON.parse(text)],
    ['yaml', (text: string): unknown => parse(text)],
  ] as const) {
    it(`as ${format}`, async () => {
      const { stdout } = await explain('http://api.shop/items', '-f', 'all.yaml', '-H', 'x-user: ann', '-o', format)
      assert.partialDeepStrictEqual(read(stdout), {
        apiVersion: 'cli.fairway.dev/v1alpha1',
        kind: 'Explanation',
        request: { title: 'GET http://api.shop/items', authority: 'api.shop.svc.cluster.local:80' },
        isServed: true,
        rule: 'items',
        backends: [{ name: 'shop/api:80', weight: 1, endpoints: 1 }],
      })
    })
  }
})

describe('fairway explain, in a running waypoint', () => {
  let admin: Server
  let snapshot: Snapshot
  let port = 0
  let answer: string | undefined
  const asked: string[] = []

  before(async () => {
    const { flags } = parseArguments([], meshFlags)
    const { model } = await loadModel(['all.yaml'], { cwd, mesh: decodeMesh(flags, { cwd, env: {} }) })
    snapshot = compileOffline(model, { now: () => 0, random: () => 0 })
    admin = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://admin')
      asked.push(url.searchParams.get('authority') ?? '')
      const query = decodeExplainParameters(url.searchParams)
      assert.ok(query.ok && url.pathname === '/resolve')
      response.end(answer ?? JSON.stringify(explainRequest(snapshot, query.value)))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => admin.once('listening', resolve))
    const address = admin.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  })
  after(() => new Promise((resolve) => admin.close(resolve)))

  it('is the same answer', async () => {
    const args = ['http://api.shop/items', '-H', 'x-user: ann', '--from', 'web/front']
    const live = await explain(...args, '--admin', `127.0.0.1:${port}`)
    const offline = await explain(...args, '-f', 'all.yaml')
    assert.deepEqual([live.code, live.stdout], [0, offline.stdout])
  })

  it('asks for one name after the other, until one is known', async () => {
    asked.length = 0
    await explain('http://api.shop', '--from', 'web', '--admin', `127.0.0.1:${port}`)
    assert.deepEqual(asked, ['api.shop.web.svc.cluster.local:80', 'api.shop.svc.cluster.local:80'])
  })

  it('knows that there is no endpoint', async () => {
    const { code, stdout } = await explain('http://empty.shop', '--admin', `127.0.0.1:${port}`)
    assert.match(stdout, /\n× 503: nobody stands behind it/)
    assert.equal(code, 79)
  })

  for (const text of ['{}', 'nonsense', '{"outcome":"match","generation":1,"reasons":[1],"backends":[]}']) {
    it(`takes no other answer: ${text}`, async () => {
      answer = text
      const { code, stderr } = await explain('http://api.shop', '--admin', `127.0.0.1:${port}`)
      answer = undefined
      assert.match(stderr, /answered 200, which says nothing of requests\n {2}is it the admin API of a waypoint\?/)
      assert.equal(code, 1)
    })
  }

  it('says what to do when there is none', async () => {
    const { code, stderr } = await explain('http://api.shop', '--admin', '127.0.0.1:1')
    assert.match(stderr, /cannot be asked: .*\n {2}is a waypoint running there\? -f PATH explains by files instead/)
    assert.equal(code, 1)
  })
})
