import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { kubeResources } from '../../kube/resources.ts'
import { parseArguments } from '../arguments.ts'
import { accessFlags, allNamespacesFlag, decodeScope, namespaceFlag, openCluster } from './access-flags.ts'

const all = { ...accessFlags, ...namespaceFlag, ...allNamespacesFlag }
let cwd = ''
let headers: IncomingHttpHeaders = {}
let busy = 0
const server = createServer((request, response) => {
  headers = request.headers
  if (busy-- > 0) return void response.writeHead(429, { 'retry-after': '1' }).end()
  if (request.url?.includes('slow') !== true) response.writeHead(404).end()
})

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  cwd = mkdtempSync(join(tmpdir(), 'fairway-access-'))
  const config = {
    clusters: [{ name: 'k', cluster: { server: `http://127.0.0.1:${address.port}` } }],
    users: [{ name: 'u', user: { token: 't', as: 'written', 'as-groups': ['w'] } }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'own' } }],
    'current-context': 'c',
  }
  writeFileSync(join(cwd, 'config'), JSON.stringify(config))
})
after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(cwd, { recursive: true })
})

const open = (...args: readonly string[]) =>
  openCluster(parseArguments(['--kubeconfig', 'config', ...args], all).flags, { cwd, env: {} })

describe('whom one acts as', () => {
  const cases: readonly (readonly [args: readonly string[], user: string, groups: string])[] = [
    [[], 'written', 'w'],
    [['--as', 'bob'], 'bob', ''],
    [['--as', 'bob', '--as-group', 'a', '--as-group', 'b'], 'bob', 'a, b'],
  ]
  for (const [args, user, groups] of cases) {
    it(args.join(' '), async () => {
      const client = await open(...args)
      await client.get(kubeResources.Namespace, { name: 'x' })
      client.close()
      assert.deepEqual([headers['impersonate-user'], headers['impersonate-group'] ?? ''], [user, groups])
    })
  }
})

describe('what cannot be meant', () => {
  const cases: readonly (readonly [args: readonly string[], RegExp])[] = [
    [['--as-group', 'a'], /--as-group says nothing without --as/],
    [['--as', 'a\nb: c'], /--as "a\\nb: c" is no name that can be sent/],
    [['--as', 'x', '--as-group', ''], /--as-group "" is no name/],
    [['--request-timeout', 'soon'], /--request-timeout "soon" is not a duration/],
    [['--request-timeout', '0s'], /--request-timeout 0s is not more than 0s/],
  ]
  for (const [args, message] of cases) it(args.join(' '), () => assert.rejects(async () => open(...args), message))
})

it('the API server has as long as it is given', async () => {
  for (const given of ['40ms', '1']) {
    const client = await open('--request-timeout', given)
    const found = await client.get(kubeResources.Namespace, { name: 'slow' })
    client.close()
    assert.ok(!found.ok)
    assert.equal(found.failure.message, `no answer after ${given === '1' ? 1000 : 40} ms`)
  }
})

it('an API server that is busy is asked again when it says, in the time that it has', async () => {
  for (const [given, status] of [
    ['5s', 404],
    ['500ms', 429],
  ] as const) {
    const client = await open('--request-timeout', given)
    busy = 1
    const found = await client.get(kubeResources.Namespace, { name: 'x' })
    client.close()
    assert.equal(found.ok ? undefined : found.failure.status, status)
  }
})

describe('which namespaces', () => {
  const cases: readonly (readonly [args: readonly string[], scope: string | undefined | RegExp])[] = [
    [[], 'own'],
    [['-n', 'shop'], 'shop'],
    [['-A'], undefined],
    [['-n', 'shop', '-A'], /leave|two answers/],
    [['-n', 'Shop'], /--namespace "Shop" is no name of a namespace/],
    [['-n', 'a.b'], /is no name of a namespace/],
    [['-n', ''], /is no name of a namespace/],
  ]
  for (const [args, scope] of cases) {
    it(args.join(' '), async () => {
      const client = await open(...args)
      client.close()
      const decode = (): string | undefined => decodeScope(parseArguments(args, all).flags, client)
      if (scope instanceof RegExp) assert.throws(decode, scope)
      else assert.equal(decode(), scope)
    })
  }
})
