import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createFakeClock } from '../../test/support/fake-clock.ts'
import { connectKube, type ConnectOptions } from './connect.ts'
import { runProgram } from './connect/exec-plugin.ts'
import type { KubeConnection, KubeCredentials } from './connect/connection.ts'

let dir = ''
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fairway-connect-'))
})
after(() => rm(dir, { recursive: true }))

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A kubeconfig with one context `c`, as JSON, which is YAML. */
const config = (
  user: Readonly<Record<string, unknown>>,
  cluster: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = { 'current-context': 'c' },
): string =>
  JSON.stringify({
    kind: 'Config',
    clusters: [{ name: 'k', cluster: { server: 'https://api.test:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'shop' } }],
    ...more,
  })

const write = async (name: string, text: string): Promise<string> => {
  const file = join(dir, name)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, text)
  return file
}

const connected = async (options: Partial<ConnectOptions>): Promise<KubeConnection> => {
  const result = await connectKube({ env: {}, ...options })
  assert.ok(result.ok, result.ok ? '' : result.message)
  return result.connection
}

const refused = async (options: Partial<ConnectOptions>): Promise<string> => {
  const result = await connectKube({ env: {}, ...options })
  assert.ok(!result.ok)
  return result.message
}

const shown = async (connection: KubeConnection, isRefused = false): Promise<KubeCredentials> => {
  const credentials = await connection.credentials(isRefused)
  assert.ok(credentials.ok, credentials.ok ? '' : credentials.failure.message)
  // What is not there, and what is not given, is the same here.
  return JSON.parse(JSON.stringify(credentials.value))
}

describe('the API server is found', () => {
  it('by the file that is named, before anything else', async () => {
    const file = await write('named.yaml', config({ token: 't' }))
    const other = await write('other.yaml', config({}, { server: 'https://other.test' }))
    const connection = await connected({ kubeconfig: file, env: { KUBECONFIG: other } })
    assert.equal(connection.server, 'https://api.test:6443')
    assert.equal(connection.namespace, 'shop')
    assert.equal(connection.source, `${file} context c`)
  })

  it('by the files of KUBECONFIG, of which the first that says something wins', async () => {
    const first = await write('first.yaml', config({ token: 'first' }, {}, { 'current-context': '' }))
    const second = await write('second.yaml', config({ token: 'second' }, { server: 'https://second.test' }))
    const missing = join(dir, 'missing.yaml')
    const connection = await connected({ env: { KUBECONFIG: `${missing}:${first}::${second}` } })
    assert.equal(connection.server, 'https://api.test:6443')
    assert.equal((await shown(connection)).authorization, 'Bearer first')
  })

  it('by the account of the Pod, whose token is read again', async () => {
    const clock = createFakeClock()
    await write('account/token', 'one\n')
    await write('account/ca.crt', 'the CA')
    await write('account/namespace', 'shop')
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443', HOME: dir }
    const connection = await connected({ env, clock, accountFolder: join(dir, 'account') })
    assert.equal(connection.server, 'https://[fd00::1]:443')
    assert.equal(connection.namespace, 'shop')
    assert.deepEqual(await shown(connection), { authorization: 'Bearer one', ca: 'the CA' })
    await write('account/token', 'two')
    assert.equal((await shown(connection)).authorization, 'Bearer one')
    clock.advance(60_000)
    assert.equal((await shown(connection)).authorization, 'Bearer two')
    await write('account/token', 'three')
    assert.equal((await shown(connection, true)).authorization, 'Bearer three')
  })

  it('by the file in the home folder', async () => {
    await write('home/.kube/config', config({}, { server: 'http://localhost:8001' }))
    assert.equal((await connected({ env: { HOME: join(dir, 'home') } })).server, 'http://localhost:8001')
  })

  it('with another context than the current one', async () => {
    const contexts = [
      { name: 'c', context: { cluster: 'gone', user: 'u' } },
      { name: 'd', context: { cluster: 'k' } },
    ]
    const file = await write('contexts.yaml', config({}, {}, { contexts, 'current-context': 'c' }))
    const connection = await connected({ kubeconfig: file, context: 'd' })
    assert.equal(connection.namespace, 'default')
    assert.deepEqual(await shown(connection), {})
  })

  it('through a proxy, by another name, or without a look at its certificate', async () => {
    const cluster = { 'proxy-url': 'http://p:3128', 'tls-server-name': 'kube', 'insecure-skip-tls-verify': true }
    const connection = await connected({ kubeconfig: await write('ways.yaml', config({}, cluster)) })
    assert.partialDeepStrictEqual(connection, { proxyUrl: 'http://p:3128', serverName: 'kube', isInsecure: true })
  })
})

describe('what is shown', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, KubeCredentials])[] = [
    ['a token', { token: 't' }, { authorization: 'Bearer t' }],
    ['a token of a file, which wins', { token: 't', tokenFile: 'shown/token' }, { authorization: 'Bearer from file' }],
    ['name and password', { username: 'u', password: 'p:q' }, { authorization: `Basic ${base64('u:p:q')}` }],
    [
      'a certificate',
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
      { certificate: 'CERT', key: 'KEY' },
    ],
    [
      'a certificate of files, beside the kubeconfig',
      { 'client-certificate': 'shown/cert', 'client-key': 'shown/key' },
      { certificate: 'CERT2', key: 'KEY2' },
    ],
  ]
  for (const [name, user, wanted] of cases) {
    it(name, async () => {
      await write('shown/token', 'from file')
      await write('shown/cert', 'CERT2')
      await write('shown/key', 'KEY2')
      assert.deepEqual(await shown(await connected({ kubeconfig: await write('shown.yaml', config(user)) })), wanted)
    })
  }
})

describe('a credential plugin', () => {
  const plugin = (script: string, more: Readonly<Record<string, unknown>> = {}) => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', script],
      env: [{ name: 'WHO', value: 'me' }],
      ...more,
    },
  })
  const say = (status: string): string =>
    `console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: ${status} }))`
  const open = async (user: Readonly<Record<string, unknown>>, clock = createFakeClock()) =>
    connected({
      kubeconfig: await write('plugin.yaml', config(user, { 'certificate-authority-data': base64('CA') })),
      clock,
    })

  it('is told who asks, and asked again when its word ends or is refused', async () => {
    const clock = createFakeClock()
    const ends = new Date(clock.nowMs() + 100_000).toISOString()
    const script = say(
      `{ token: process.env.WHO + JSON.parse(process.env.KUBERNETES_EXEC_INFO).spec.cluster.server + process.pid, expirationTimestamp: '${ends}' }`,
    )
    const connection = await open(plugin(script, { provideClusterInfo: true }), clock)
    const [first, again] = [await shown(connection), await shown(connection)]
    assert.match(first.authorization ?? '', /^Bearer mehttps:\/\/api\.test:6443\//)
    assert.equal(first.ca, 'CA')
    assert.deepEqual(again, first)
    clock.advance(80_000)
    assert.notDeepEqual(await shown(connection), first)
  })

  it('may give a certificate', async () => {
    const connection = await open(plugin(say(`{ clientCertificateData: 'C', clientKeyData: 'K' }`)))
    assert.partialDeepStrictEqual(await shown(connection, true), { certificate: 'C', key: 'K' })
  })

  const wrong: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
    ['fails', plugin('console.error("log in first"); process.exit(3)'), /it ended with 3: log in first$/],
    ['says nothing', plugin('console.log("{}")'), /it gave no ExecCredential/],
    ['says no JSON', plugin('console.log("hunter2")'), /it gave no ExecCredential/],
    [
      'is not there',
      plugin('', { command: 'no-such-plugin', installHint: 'Get it from us.' }),
      /no-such-plugin: there is no such program\. Get it from us\.$/,
    ],
    ['is of another version', plugin('', { apiVersion: 'client.authentication.k8s.io/v9' }), /v9 is not known/],
    ['wants a terminal', plugin('', { interactiveMode: 'Always' }), /wants a terminal/],
  ]
  for (const [name, user, message] of wrong) {
    it(`that ${name} is a failure`, async () => {
      const credentials = await (await open(user)).credentials(false)
      assert.ok(!credentials.ok)
      assert.equal(credentials.failure.reason, 'Credentials')
      assert.match(credentials.failure.message, message)
      assert.doesNotMatch(credentials.failure.message, /hunter2/)
    })
  }
})

it('a credential plugin that will not end is killed', { timeout: 10_000 }, async () => {
  const script = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'
  const ran = await runProgram(process.execPath, ['-e', script], process.env, 500)
  assert.deepEqual(ran, { ok: false, message: 'it ended with SIGKILL' })
})

describe('what cannot be used says why', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['no YAML', 'a: [', /is no YAML/],
    ['a key where none should be', `users: [\n  "-----BEGIN PRIVATE KEY-----hunter2`, /is no YAML(?!.*hunter2)/],
    ['no current context', config({}, {}, { 'current-context': '' }), /no current-context.*--context \(there are: c\)/],
    ['an unknown context', config({}, {}, { 'current-context': 'x' }), /there is no context "x" \(there are: c\)/],
    ['an unknown user', config({}, {}, { 'current-context': 'c', users: [] }), /there is no user "u"/],
    ['a cluster without a server', config({}, { server: 7 }), /clusters\[k\]\.cluster\.server: wrong value/],
    ['a server that is none', config({}, { server: 'api.test' }), /"api\.test" is no http or https URL/],
    ['a server with a password', config({}, { server: 'https://u:hunter2@api.test' }), /in its URL(?!.*hunter2)/],
    ['a secret of the wrong type', config({ token: { hunter2: 1 } }), /token: wrong value(?!.*hunter2)/],
    ['what is no longer', config({ 'auth-provider': { name: 'gcp' } }), /auth-provider is no longer supported/],
    ['another account by its uid', config({ as: 'root', 'as-uid': '7' }), /not by as-uid and as-user-extra/],
    ['groups of nobody', config({ 'as-groups': ['a'] }), /as-groups needs a user/],
    [
      'a CA that nobody would look at',
      config({}, { 'insecure-skip-tls-verify': true, 'certificate-authority-data': base64('CA') }),
      /insecure-skip-tls-verify says that anybody is believed .* beside a certificate-authority/,
    ],
    [
      'a file of a CA that nobody would look at',
      config({}, { 'insecure-skip-tls-verify': true, 'certificate-authority': 'ca.crt' }),
      /beside a certificate-authority: take one of them out/,
    ],
    ['a proxy of another kind', config({}, { 'proxy-url': 'socks5://p' }), /proxy-url is not supported but for http/],
  ]
  for (const [name, text, message] of cases) {
    it(name, async () => {
      const kubeconfig = await write('wrong.yaml', text)
      const found = await refused({ kubeconfig })
      assert.match(found, message)
      assert.match(found, /wrong\.yaml/)
    })
  }

  it('a file that is not there, and nothing at all', async () => {
    assert.match(
      await refused({ kubeconfig: join(dir, 'gone.yaml') }),
      /gone\.yaml cannot be read: there is no such file/,
    )
    assert.match(await refused({ env: { HOME: join(dir, 'nowhere') } }), /no Kubernetes cluster is configured/)
  })

  it('a Pod without a token, and one whose token went away', async () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', HOME: join(dir, 'nowhere') }
    assert.match(await refused({ env, accountFolder: join(dir, 'none') }), /no Kubernetes cluster is configured/)
    await write('lost/token', 't')
    const connection = await connected({ env, accountFolder: join(dir, 'lost') })
    const credentials = await connection.credentials(false)
    assert.ok(!credentials.ok)
    assert.match(credentials.failure.message, /ca\.crt cannot be read/)
  })
})
