import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { createTerminal } from '../../../test/support/terminal.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'

const waypoint = (name: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: shop }
spec: { gatewayClassName: fairway-waypoint, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] }
`
const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop, labels: { istio.io/use-waypoint: waypoint } }
spec: { clusterIP: 10.96.0.10, ports: [{ port: 80, appProtocol: http }] }
`
const route = (name: string, backend: string, more = ''): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: shop }
spec:
  parentRefs: [{ group: '', kind: Service, name: api }]
  rules: [{ backendRefs: [{ name: ${backend}, port: 80 }] }${more}]
`
const fault = (until: string): string => `
apiVersion: fairway.dev/v1alpha1
kind: FaultInjection
metadata: { name: slow, namespace: shop }
spec: { targetRefs: [{ group: '', kind: Service, name: api }], delay: { fixed: 1s }, until: ${until} }
`
const pod = `
apiVersion: v1
kind: Pod
metadata: { name: api-1, namespace: shop }
spec: {}
`

const files: Readonly<Record<string, string>> = {
  'good/gateway.yaml': waypoint('waypoint'),
  'good/api.yaml': [service('api'), route('api', 'api'), pod].join('---'),
  'bad/all.yaml': [waypoint('waypoint'), service('api'), route('api', 'gone'), route('b', 'api', ', { x: 1 }')].join(
    '---',
  ),
  'bad/far.yaml': '{ apiVersion: v1, kind: Service, metadata: { name: far, namespace: far, lables: {} }, spec: {} }',
  'two.yaml': [waypoint('waypoint'), waypoint('other'), service('api')].join('---'),
  'unread.yaml': 'a: [',
  'none.yaml': service('api'),
  'asked.yaml': [
    waypoint('waypoint'),
    service('api'),
    `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ask, namespace: shop }
spec: { targetRefs: [{ group: '', kind: Service, name: api }], action: CUSTOM, provider: { name: opa }, rules: [{}] }
`,
  ].join('---'),
  'partner.yaml': [
    waypoint('waypoint'),
    service('api'),
    `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: partner, namespace: shop }
spec:
  targetRefs: [{ group: '', kind: Service, name: api }]
  rules: [{ from: [{ source: { principals: [partner.example/ns/shop/sa/web] } }] }]
`,
  ].join('---'),
  'empty-mesh.yaml': '{}',
  'past.yaml': [waypoint('waypoint'), service('api'), fault('2020-01-01T00:00:00Z')].join('---'),
  'future.yaml': [waypoint('waypoint'), service('api'), fault('2999-01-01T00:00:00Z')].join('---'),
  'mesh.yaml':
    'extensionProviders: [{ name: opa, envoyExtAuthzGrpc: { service: api.shop.svc.cluster.local, port: 80 } }]',
  'filtered.yaml':
    '{ apiVersion: fairway.dev/v1alpha1, kind: Filter, metadata: { name: f, namespace: shop }, spec: { module: f.ts } }',
  'f.ts': 'export default 7',
  'mesh/bad.yaml': 'trustDomain: "a b"',
}

let cwd = ''
before(() => {
  cwd = mkdtempSync(join(tmpdir(), 'fairway-status-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
})
after(() => rmSync(cwd, { recursive: true, force: true }))

const run = async (args: readonly string[], options: { readonly env?: Readonly<Record<string, string>> } = {}) => {
  const terminal = createTerminal({ cwd, ...options })
  const code = await runProgram({ version: '1', verbs }, ['waypoint', 'status', ...args], terminal)
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() }
}

const outcomes: readonly {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly code: number
  readonly stdout?: RegExp
  readonly stderr?: RegExp
}[] = [
  { args: ['-f', 'good'], code: 0, stdout: /\n3 objects: all fine; nothing to say of 1 Pod\n$/ },
  {
    args: ['-f', 'bad'],
    code: 79,
    stdout: /\nbad\/all\.yaml:17:\d+: HTTPRoute shop\/api at Service shop\/api: ResolvedRefs is False/,
  },
  {
    args: ['-f', 'bad', '-n', 'far'],
    code: 79,
    stdout: /\nbad\/far\.yaml:1:\d+: Service far\/far metadata\.lables: unknown field/,
  },
  {
    args: ['-f', 'past.yaml'],
    code: 79,
    stdout:
      /\npast\.yaml:15:\d+: FaultInjection shop\/slow: Programmed is False.*does nothing since 2020-01-01T00:00:00\.000Z/,
  },
  { args: ['-f', 'future.yaml', '-o', 'json'], code: 0, stdout: /it is in force until 2999-01-01T00:00:00\.000Z/ },
  // Nobody has said of what trust domain the mesh is.
  { args: ['-f', 'partner.yaml'], code: 0 },
  { args: ['-f', 'partner.yaml', '--trust-domain', 'a.example,partner.example'], code: 0 },
  {
    args: ['-f', 'partner.yaml', '--trust-domain', 'a.example'],
    code: 79,
    stdout:
      /rules\[0\] allows nothing, since nothing can match it; .* the mesh has the trust domain a\.example and no alias/,
  },
  // Istio's default is cluster.local.
  { args: ['-f', 'partner.yaml', '--mesh-config', 'empty-mesh.yaml'], code: 79, stdout: /trust domain cluster\.local/ },
  { args: ['-f', 'bad', 'waypoint'], code: 0, stdout: /\n1 object: all fine\n$/ },
  { args: ['-f', 'good', 'api-1'], code: 0, stdout: /^KIND.*\nPod +shop\/api-1 .*\n\n1 object: all fine\n$/ },
  { args: ['-f', 'bad', 'httproute/api'], code: 79, stdout: /\n1 object: 1 with findings\n/ },
  {
    args: ['-f', 'bad', '-o', 'name', 'HTTPRoute/b'],
    code: 79,
    stdout: /^httproute\.gateway\.networking\.k8s\.io\/b\n$/,
  },
  { args: ['-f', 'bad', '-o', 'name', '-n', 'far'], code: 79, stdout: /^service\/far\n$/ },
  {
    args: ['-f', 'good/api.yaml', '-f', 'good/gateway.yaml', '-o', 'wide'],
    code: 0,
    stdout: / good\/api\.yaml:\d+:1 /,
  },
  { args: ['-f', 'asked.yaml'], code: 79, stdout: /give the MeshConfig .*--mesh-config/ },
  {
    args: ['-f', 'asked.yaml', '--mesh-config', 'mesh/bad.yaml'],
    code: 78,
    stderr: /^.*\n +mesh\/bad.yaml:1:1: trustDomain: wrong value/,
  },
  { args: ['-f', 'asked.yaml', '--mesh-config', 'mesh.yaml'], code: 0, stdout: /\n3 objects: all fine\n$/ },
  { args: ['-f', 'two.yaml'], code: 79, stdout: /say with --gateway/ },
  { args: ['-f', 'two.yaml', '--gateway', 'shop/waypoint'], code: 0, stdout: /this process is the Gateway/ },
  { args: ['-f', 'two.yaml'], env: { GATEWAY_NAMESPACE: 'shop', GATEWAY_NAME: 'waypoint' }, code: 0 },
  {
    args: ['-f', 'two.yaml', '--gateway', 'shop/x'],
    code: 79,
    stdout: /Gateway shop\/x: Accepted is False \(NotFound\)/,
  },
  {
    args: ['-f', 'none.yaml'],
    code: 0,
    stderr: /^there is no Gateway among the files: nothing is bound to a waypoint\n$/,
  },
  {
    args: ['-f', 'good', '-f', 'unread.yaml'],
    code: 78,
    stderr: /^fairway waypoint status: the configuration cannot be read:\n {2}unread\.yaml:1:\d+: /,
  },
  { args: ['-f', 'missing'], code: 78, stderr: / {2}missing: no such file or folder/ },
  {
    args: ['-f', 'good', 'httproute/apy'],
    code: 1,
    stderr: /named "httproute\/apy"\n {2}did you mean HTTPRoute shop\/api\?\n$/,
  },
  {
    args: ['-f', 'good', 'zzzzzz', '-n', 'shop'],
    code: 1,
    stderr: /named "zzzzzz" in namespace shop\n {2}write NAME or KIND\/NAME\n$/,
  },
  { args: ['-f', 'good', '-n', 'shopp'], code: 1, stderr: /in namespace shopp\n {2}did you mean shop\?\n$/ },
  {
    args: ['-f', 'filtered.yaml', '-n', 'shop', 'filter/f', '--filters', '.'],
    code: 79,
    stdout:
      /filtered\.yaml:1:\d+: Filter shop\/f: Programmed is False \(Refused\): f\.ts:1: wrong default export: found 7/,
    stderr: /^there is no Gateway among the files/,
  },
  { args: ['-f', 'filtered.yaml', '--filters', 'none'], code: 64, stderr: /--filters none: there is no such folder/ },
  { args: ['-f', 'good', 'a', 'b'], code: 64, stderr: /unexpected argument "b"/ },
  { args: [], code: 78, stderr: /no Kubernetes cluster is configured: .*\n {2}files need no cluster: .* -f objects\// },
  { args: ['-f', 'good', '--wait'], code: 64, stderr: /--wait says nothing with --file/ },
  { args: ['-f', 'good', '--context', 'c'], code: 64, stderr: /--context says nothing with --file/ },
  { args: ['--mesh-config', 'mesh.yaml'], code: 64, stderr: /--mesh-config says nothing without --file/ },
  { args: ['-f', 'good', '-o', 'xml'], code: 64, stderr: /--output "xml" is none of table, wide, json, yaml, name/ },
]
for (const { args, env = {}, code, stdout = /^/, stderr = /^$/ } of outcomes) {
  test(`ends with ${code}: waypoint status ${args.join(' ')}${Object.values(env).join(' ')}`, async () => {
    const ended = await run(args, { env })
    assert.match(ended.stderr, stderr)
    assert.match(ended.stdout, stdout)
    assert.equal(ended.code, code)
  })
}

test('JSON and YAML are the same document', async () => {
  const json = await run(['-f', 'bad', '-o', 'json'])
  const yaml = await run(['-f', 'bad', '-o', 'yaml'])
  const document = JSON.parse(json.stdout)
  assert.deepEqual(parse(yaml.stdout), document)
  assert.deepEqual([document.apiVersion, document.kind, json.code, yaml.code], ['v1', 'List', 79, 79])
  assert.deepEqual(document.summary, { objects: 5, withFindings: 3, faults: 3, issues: 2 })
  const [gateway] = document.items
  assert.deepEqual(gateway.source, { file: 'bad/all.yaml', line: 2, column: 1 })
})

test('a document of no kind is a finding, unless something else was asked for', async () => {
  writeFileSync(join(cwd, 'stray.yaml'), '[1]')
  const args = ['-f', 'good', '-f', 'stray.yaml']
  const { code, stdout } = await run(args)
  assert.equal(code, 79)
  assert.match(
    stdout,
    /\n3 objects: 1 in documents that are no objects; .*\n\nstray\.yaml:1:1: no Kubernetes object but an array/,
  )
  assert.equal((await run([...args, '-n', 'shop'])).code, 0)
})
