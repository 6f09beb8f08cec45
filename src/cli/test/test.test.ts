import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { createTerminal } from '../../../test/support/terminal.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'

const objects = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: waypoint, namespace: shop }
spec: { gatewayClassName: fairway-waypoint, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] }
---
apiVersion: v1
kind: Service
metadata: { name: api, namespace: shop, labels: { istio.io/use-waypoint: waypoint } }
spec: { clusterIP: 10.96.0.10, ports: [{ port: 80, appProtocol: http }] }
---
apiVersion: fairway.dev/v1alpha1
kind: FaultInjection
metadata: { name: drill, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: api }]
  delay: { fixed: 30s, percent: 1 }
  abort: { httpStatus: 418, percent: 1 }
  when: { headers: [{ name: x-drill }] }
  until: '2026-11-22T12:00:00Z'
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: api, namespace: shop }
spec:
  parentRefs: [{ group: '', kind: Service, name: api }]
  rules:
    - name: items
      matches: [{ path: { value: /items } }]
      backendRefs: [{ name: api, port: 80 }]
    - name: old
      matches: [{ path: { value: /old } }]
      filters: [{ type: RequestRedirect, requestRedirect: { path: { type: ReplaceFullPath, replaceFullPath: /items } } }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: web, namespace: shop }
spec:
  targetRefs: [{ group: '', kind: Service, name: api }]
  action: ALLOW
  rules: [{ from: [{ source: { principals: [cluster.local/ns/web/sa/front] } }] }]
`
const test = (requests: string, more = ''): string => `
apiVersion: cli.fairway.dev/v1alpha1
kind: WaypointTest
${more}
requests:
${requests}
`
const good = `
  - what: the front reads items
    request: GET http://api.shop/items
    from: web/front
    outcome: match
    rule: items
    backends: { 'shop/api:80': 1 }
    says: [items matches]
    neverSays: [does not match]
    answer: none
  - what: nobody else does
    request: http://10.96.0.10/items
    from: web/other
    status: 403
  - what: what is old is answered here
    request: http://10.96.0.10/old
    from: web/front
    answer: { status: 302, headers: { location: http://10.96.0.10/items, x-none: null } }
  - what: the drill hits who asks for it, and nobody waits for its delay
    request: http://10.96.0.10/items
    from: web/front
    headers: { x-drill: '1' }
    answer: { status: 418 }
`
const bad = `
  - what: <a> & "b"
    request: DELETE http://api.shop/items
    from: web/front
    outcome: denied
    status: 403
    rule: old
    backends: {}
    says: [never said]
    neverSays: [items matches]
    answer: { status: 418, headers: { x-a: b } }
  - what: it is not answered at once
    request: http://10.96.0.10/old
    from: web/front
    answer: { after: 3, status: 302 }
  - what: it is another answer
    request: http://10.96.0.10/old
    from: web/front
    answer: { status: 301, headers: { location: '/' } }
  - what: it is answered, and should not be
    request: http://10.96.0.10/old
    from: web/front
    answer: none
`

const files: Readonly<Record<string, string>> = {
  'objects.yaml': objects,
  'good.yaml': test(good, "now: '2026-11-22T11:59:59Z'"),
  'late.yaml': test(good, "now: '2026-11-22T12:00:01Z'"),
  'bad.yaml': test(bad, 'findings: 3'),
  'malformed.yaml': test('  - { what: a, request: http://api.shop, outcom: match }\n', 'nwo: 1'),
  'nothing.yaml': test('  - { what: a, request: http://api.shop }\n'),
  'no-request.yaml': test('  - { what: a, request: https://api.shop, status: 200 }\n'),
  'other.yaml': test('  - { what: a, request: http://api.shop, status: 200 }\n').replace('v1alpha1', 'v9'),
  'unread.yaml': 'a: [',
}

let cwd = ''
before(() => {
  cwd = mkdtempSync(join(tmpdir(), 'fairway-test-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
})
after(() => rmSync(cwd, { recursive: true, force: true }))

const run = async (...args: readonly string[]) => {
  const terminal = createTerminal({ cwd })
  const code = await runProgram({ version: '1', verbs }, ['test', ...args], terminal)
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() }
}
const withObjects = (file: string): readonly string[] => ['-f', 'objects.yaml', '-f', file]

describe('fairway test', () => {
  it('passes what is as expected, and says how much was asked for', async () => {
    const { code, stdout, stderr } = await run(...withObjects('good.yaml'))
    assert.equal(stderr, '')
    assert.match(stdout, /^good\.yaml\n {2}✓ the objects are as they should be\n {2}✓ the front reads items\n/)
    assert.match(stdout, /\n5 of 5 passed; 3 of 3 rules of routes and policies were asked for\n$/)
    assert.equal(code, 0)
  })

  it('has the time that the test says', async () => {
    const { code, stdout } = await run(...withObjects('late.yaml'))
    assert.match(stdout, /× the drill hits .* late\.yaml:\d+\n.*\n {6}it is forwarded to a backend, expected an answer/)
    assert.match(stdout, /\n4 of 5 passed, 1 failed; /)
    assert.equal(code, 80)
  })

  it('tells everything that is otherwise', async () => {
    const { code, stdout } = await run(...withObjects('bad.yaml'))
    const lines = stdout.split('\n').map((line) => line.trim())
    for (const line of [
      '0 things are wrong with the objects, expected 3; fairway waypoint status tells all',
      'outcome is "match", expected "denied"',
      'status is none, expected 403',
      'rule is "items", expected "old"',
      'backends is {"shop/api:80":1}, expected {}',
      'no reason says "never said"',
      'a reason says "items matches"',
      'it is forwarded to a backend, expected an answer of filters',
      'request 1 of 3 before it is answered by a filter',
      'the answer has status 302, expected 301',
      'header location of the answer is "http://10.96.0.10/items", expected "/"',
      'it is answered by a filter, expected to be forwarded',
      '0 of 5 passed, 5 failed; 3 of 3 rules of routes and policies were asked for',
    ]) {
      assert.ok(lines.includes(line), `${line}, in ${stdout}`)
    }
    assert.equal(code, 80)
  })

  it('names rules that nobody asked for', async () => {
    writeFileSync(join(cwd, 'one.yaml'), test('  - { what: a, request: http://api.shop/items, status: 403 }\n'))
    const { stdout } = await run(...withObjects('one.yaml'))
    assert.match(
      stdout,
      /; 0 of 3 rules .*\n {2}not HTTPRoute\/shop\/api rule items\n {2}not HTTPRoute\/shop\/api rule old\n/,
    )
  })

  for (const [format, read] of [
    ['json', (text: string): unknown => JSON.parse(text)],
    ['yaml', (text: string): unknown => parse(text)],
  ] as const) {
    it(`as ${format}`, async () => {
      const { stdout } = await run(...withObjects('bad.yaml'), '-o', format)
      assert.partialDeepStrictEqual(read(stdout), {
        apiVersion: 'cli.fairway.dev/v1alpha1',
        kind: 'WaypointTestReport',
        summary: { tests: 5, failed: 5, rules: 3 },
      })
    })
  }

  it('as JUnit, whatever is in the names', async () => {
    const { code, stdout } = await run(...withObjects('bad.yaml'), '-o', 'junit')
    assert.match(stdout, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites tests="5" failures="5">\n/)
    assert.match(
      stdout,
      /<testcase classname="bad\.yaml" name="&lt;a&gt; &amp; &quot;b&quot;" file="bad\.yaml" line="\d+">\n/,
    )
    assert.match(stdout, /<failure message="outcome is &quot;match&quot;, expected &quot;denied&quot;">DELETE http/)
    assert.equal(code, 80)
  })

  const refusals: readonly (readonly [file: string, code: number, stderr: RegExp])[] = [
    [
      'malformed.yaml',
      65,
      /malformed\.yaml:6:42: requests\[0\]\.outcom: unknown field; did you mean "outcome"\?[^]*malformed\.yaml:4:1: nwo: unknown field/,
    ],
    ['nothing.yaml', 65, /nothing\.yaml:\d+:\d+: requests\[0\]: nothing is expected of it: /],
    ['other.yaml', 65, /other\.yaml:2:1: apiVersion: unsupported value: found "cli\.fairway\.dev\/v9"/],
    ['no-request.yaml', 65, /no-request\.yaml:\d+: https:\/\/api\.shop: a waypoint does not see what is inside TLS/],
    ['objects.yaml', 65, /there is no WaypointTest among the files\n {2}write one/],
    ['unread.yaml', 78, /the configuration cannot be read:\n {2}unread\.yaml:1/],
  ]
  for (const [file, code, stderr] of refusals) {
    it(`refuses ${file}`, async () => {
      const found = await run(...withObjects(file))
      assert.match(found.stderr, stderr)
      assert.equal(found.code, code)
    })
  }

  it('takes objects from standard input', async () => {
    const terminal = createTerminal({ cwd, input: objects })
    assert.equal(await runProgram({ version: '1', verbs }, ['test', '-f', '-', '-f', 'good.yaml'], terminal), 0)
  })

  it('wants files', async () => {
    const { code, stderr } = await run()
    assert.match(stderr, /no files are given\n/)
    assert.equal(code, 64)
  })
})
